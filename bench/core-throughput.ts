import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { stateDirOf } from '../src/config/state-dir.ts';
import { connectCore } from '../src/frontends/client/connect.ts';
import {
  BatchTaken,
  Cancelled,
  Health,
  HeartbeatAnswer,
  SessionOpened,
  StepEvent,
} from '../src/frontends/http/schemas.ts';
import { atLeast, atMost, type Figure, listed, median } from './figure.ts';

const rounds = 3;

interface Run {
  readonly acceptedPerSecond: number;
  readonly donePerSecond: number;
  /** Wall milliseconds of one step, submit to done. */
  readonly costMs: number;
  /** Resident memory of the core when all steps were accepted and most of them waited. */
  readonly queuedMegabytes: number;
}

/** The core and its local engine without Snakemake: steps of `true` over the socket, as a front end sends them. */
export async function coreThroughput(say: (line: string) => void): Promise<readonly Figure[]> {
  const runs = new Map<number, Run[]>([
    [1000, []],
    [2000, []],
    [10_000, []],
  ]);
  await measure(200);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [steps, list] of runs) {
      const run = await measure(steps);
      list.push(run);
      say(
        `round ${round}, ${steps} steps: ${run.donePerSecond.toFixed(0)} steps/s, accepted ${run.acceptedPerSecond.toFixed(0)}/s, ${run.queuedMegabytes.toFixed(0)} MB`,
      );
    }
  }
  const of = (steps: number, pick: (run: Run) => number): number[] => (runs.get(steps) ?? []).map(pick);
  const done = of(2000, (run) => run.donePerSecond);
  const accepted = of(2000, (run) => run.acceptedPerSecond);
  const small = of(1000, (run) => run.costMs);
  const large = of(10_000, (run) => run.costMs);
  const memory = of(10_000, (run) => run.queuedMegabytes);
  return [
    atLeast('submit to done', median(done), 'steps/s', 150, `2000 steps of \`true\`; runs: ${listed(done)}`),
    atLeast('accept', median(accepted), 'steps/s', 500, `2000 steps in batches of 1000; runs: ${listed(accepted)}`),
    atMost(
      'cost of a step at 10,000 against 1,000',
      median(large) / median(small),
      'ratio',
      1.2,
      `wall ms a step at 10,000: ${listed(large)}; at 1,000: ${listed(small)}`,
    ),
    atMost(
      'memory of the core with 10,000 queued',
      median(memory),
      'MB',
      300,
      `resident, when the last was accepted; runs: ${listed(memory)}`,
    ),
  ];
}

async function measure(steps: number): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'konverge-bench-'));
  const entry = join(import.meta.dirname, '../src/konverge.ts');
  const core = await connectCore(stateDirOf(directory), { command: [process.execPath, entry], engine: 'local' });
  const { pid } = await core.call('GET', '/v1/health', Health);
  const { session, maxBatch, heartbeatMs } = await core.call('POST', '/v1/sessions', SessionOpened, {
    frontEnd: 'bench',
    version: '1',
    workdir: directory,
    pid: process.pid,
    host: hostname(),
    environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  });
  // The core lets go of a front end that says nothing.
  const heartbeat = setInterval(() => {
    core.call('POST', `/v1/sessions/${session}/heartbeat`, HeartbeatAnswer, {}).catch(lost.reject);
  }, heartbeatMs);
  const lost = Promise.withResolvers<never>();
  const failures: string[] = [];
  const allDone = (async () => {
    let done = 0;
    for await (const event of core.records(`/v1/sessions/${session}/events?after=0`, StepEvent)) {
      if (event.state === 'failed' || event.state === 'cancelled') failures.push(event.reason);
      if (event.state === 'succeeded' || event.state === 'failed' || event.state === 'cancelled') done += 1;
      if (done === steps) return;
    }
    throw new Error(`the event stream ended after ${done} of ${steps} steps`);
  })();
  try {
    const started = process.hrtime.bigint();
    for (let first = 0; first < steps; first += maxBatch) {
      const count = Math.min(maxBatch, steps - first);
      const batch = Array.from({ length: count }, (_, index) => stepOf(first + index, directory));
      const { results } = await core.call('POST', `/v1/sessions/${session}/steps`, BatchTaken, { steps: batch });
      const refused = results.find(({ outcome }) => outcome !== 'accepted');
      if (refused) throw new Error(`step ${refused.ref}: ${refused.outcome} ${refused.error?.message ?? ''}`);
    }
    const acceptedSeconds = secondsSince(started);
    const queuedMegabytes = residentMegabytes(pid);
    await Promise.race([allDone, lost.promise]);
    const doneSeconds = secondsSince(started);
    if (failures.length > 0) throw new Error(`${failures.length} steps failed, the first: ${failures[0]}`);
    return {
      acceptedPerSecond: steps / acceptedSeconds,
      donePerSecond: steps / doneSeconds,
      costMs: (doneSeconds * 1000) / steps,
      queuedMegabytes,
    };
  } finally {
    clearInterval(heartbeat);
    await core.call('POST', `/v1/sessions/${session}/cancel`, Cancelled, { waitMs: 10_000 });
    await core.call('DELETE', `/v1/sessions/${session}`, z.undefined());
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

function stepOf(number: number, cwd: string): Record<string, unknown> {
  return {
    ref: `${number}.1`,
    rule: 'nothing',
    label: `nothing n=${number}`,
    attempt: 1,
    threads: 1,
    inputs: [],
    outputs: [`out/${number}`],
    logs: [],
    resources: { mem_mb: { value: 1000, stated: false } },
    execution: { mode: 'direct', shell: '/bin/sh', commands: ['true'] },
    cwd,
    env: {},
  };
}

function secondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e9;
}

function residentMegabytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`the memory of process ${pid} cannot be read`);
  return (Number(kibibytes) * 1024) / 1e6;
}
