import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentEntry } from '../src/daemon/agent-entry.ts';
import type { StepId } from '../src/domain/brand.ts';
import type { ObjectLocation } from '../src/domain/object-location.ts';
import type { StagingPlan } from '../src/domain/staging.ts';
import { silentLogger } from '../src/ports/logger.ts';
import type { StagingJob } from '../src/ports/staging.ts';
import { AgentClient } from '../src/staging/agent-client.ts';
import { concurrency } from '../src/staging/concurrency.ts';
import { type ObjectStoreServer, startObjectStoreServer } from '../test/object-store-server/server.ts';
import { atMost, type Figure, listed, median } from './figure.ts';

const rounds = 5;
const large = { name: '1 GiB in one file', files: 1, bytes: 2 ** 30, limit: 1.0 };
const small = { name: '2,000 files of 64 KiB', files: 2000, bytes: 64 * 1024, limit: 1.5 };
type Load = typeof large;

const bucket = 'bench';
const never = new AbortController().signal;

/** Files of a step into storage and out of it, against `aws s3 cp`: one server, one machine, in turn. */
export async function staging(say: (line: string) => void): Promise<readonly Figure[]> {
  const aws = process.env['KONVERGE_BENCH_AWS'];
  if (aws === undefined) throw new Error('the AWS command line is not installed; use `npm run bench -- staging`');
  const server = await startObjectStoreServer();
  const folder = mkdtempSync(join(tmpdir(), 'konverge-bench-'));
  try {
    const figures: Figure[] = [];
    for (const load of [large, small]) figures.push(...(await compare(load, new Contest(server, aws, folder), say)));
    return figures;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(load: Load, contest: Contest, say: (line: string) => void): Promise<readonly Figure[]> {
  const source = await makeFiles(contest.folder, load);
  const seconds = { manifest: [], committed: [], awsOut: [], staged: [], awsIn: [], awsNothing: [] } as Record<
    'manifest' | 'committed' | 'awsOut' | 'staged' | 'awsIn' | 'awsNothing',
    number[]
  >;
  // The first round is not measured: the server's files and both programs are warm in the others.
  for (let round = 0; round <= rounds; round += 1) {
    const ours = await contest.ours(load, source, round);
    const theirs = await contest.theirs(load, source, round);
    const measured = { ...ours, ...theirs };
    if (round > 0)
      for (const name of Object.keys(seconds) as (keyof typeof seconds)[]) seconds[name].push(measured[name]);
    say(`${load.name}, round ${round} of ${rounds}: ${JSON.stringify(measured)}`);
  }
  const start = `${listed(seconds.awsNothing)} s of each aws call is its start`;
  const both = `${concurrency.transfers} transfers at once on both sides, medians of ${rounds} rounds in turn`;
  return [
    atMost(
      `out, committed, against aws s3 cp: ${load.name}`,
      median(seconds.committed) / median(seconds.awsOut),
      'ratio',
      load.limit,
      `${both}: to the manifest ${listed(seconds.manifest)} s; to committed ${listed(seconds.committed)} s; aws ${listed(seconds.awsOut)} s; ${start}`,
    ),
    atMost(
      `in, against aws s3 cp: ${load.name}`,
      median(seconds.staged) / median(seconds.awsIn),
      'ratio',
      load.limit,
      `${both}: ours ${listed(seconds.staged)} s; aws ${listed(seconds.awsIn)} s; ${start}`,
    ),
  ];
}

class Contest {
  readonly folder: string;
  private readonly server: ObjectStoreServer;
  private readonly aws: string;

  constructor(server: ObjectStoreServer, aws: string, folder: string) {
    this.server = server;
    this.aws = aws;
    this.folder = folder;
  }

  /** With an agent of its own, as a core has it: its start is not measured, its caches are empty. */
  async ours(load: Load, source: string, round: number) {
    const stateDir = mkdtempSync(join(this.folder, 'state-'));
    const client = new AgentClient({ entry: agentEntry(), stateDir, logger: silentLogger });
    client.configure({ stores: { s3: this.server.settings }, environment: {} });
    const files = names(load).map((name) => ({ path: name, at: at(`ours/${round}/${name}`) }));
    const plan: StagingPlan = { by: 'agent', area: at('.konverge'), inputs: [], outputs: [], logs: [], inner: [] };
    const outputs = files.map((file) => ({ ...file, kind: 'file' as const, touch: false, update: false }));
    // The step's own directory is where its files were written.
    const out = job(stateDir, 'out', source, { ...plan, outputs });
    const into = job(stateDir, 'in', join(stateDir, 'in'), { ...plan, inputs: files });
    try {
      // Wakes the agent.
      await client.verify(plan, never);
      const begin = performance.now();
      const manifest = await client.collect(out, { succeeded: true }, [], never);
      const manifestAt = performance.now();
      if (manifest === undefined) throw new Error('no manifest');
      await client.commit(manifest, never);
      const committedAt = performance.now();
      await client.stage(into, never);
      const stagedAt = performance.now();
      check(load, into.workdir);
      return {
        manifest: (manifestAt - begin) / 1000,
        committed: (committedAt - begin) / 1000,
        staged: (stagedAt - committedAt) / 1000,
      };
    } finally {
      await client.close();
      rmSync(stateDir, { recursive: true, force: true });
    }
  }

  async theirs(load: Load, source: string, round: number) {
    const target = mkdtempSync(join(this.folder, 'aws-'));
    const there = `s3://${bucket}/theirs/${round}`;
    const many = load.files > 1 ? ['--recursive'] : [];
    const [from, to] = load.files > 1 ? [source, there] : [join(source, 'file-0'), `${there}/file-0`];
    try {
      const awsOut = await this.run(['s3', 'cp', '--only-show-errors', ...many, from, to]);
      const awsIn = await this.run([
        's3',
        'cp',
        '--only-show-errors',
        ...many,
        to,
        many.length > 0 ? target : join(target, 'file-0'),
      ]);
      check(load, target);
      return { awsOut, awsIn, awsNothing: await this.run(['s3', 'help'], true) };
    } finally {
      rmSync(target, { recursive: true, force: true });
    }
  }

  /** Seconds. */
  private async run(args: readonly string[], startOnly = false): Promise<number> {
    const config = join(this.folder, 'aws-config');
    writeFileSync(
      config,
      `[default]\nregion = us-east-1\ns3 =\n  max_concurrent_requests = ${concurrency.transfers}\n`,
    );
    const begin = performance.now();
    const child = spawn(this.aws, startOnly ? ['--version'] : ['--endpoint-url', this.server.endpoint, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        AWS_CONFIG_FILE: config,
        AWS_ACCESS_KEY_ID: this.server.accessKey,
        AWS_SECRET_ACCESS_KEY: this.server.secretKey,
      },
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`aws ${args.join(' ')} ended with ${String(code)}`);
    return (performance.now() - begin) / 1000;
  }
}

function job(stateDir: string, step: string, workdir: string, plan: StagingPlan): StagingJob {
  const notes = join(stateDir, `notes-${step}`);
  mkdirSync(notes);
  return { step: step as StepId, plan, workdir, notes };
}

function at(key: string): ObjectLocation {
  return { store: 's3', bucket, key };
}

function names({ files }: Load): string[] {
  return Array.from({ length: files }, (_none, index) => `file-${index}`);
}

async function makeFiles(folder: string, load: Load): Promise<string> {
  const source = mkdtempSync(join(folder, 'source-'));
  for (const [index, name] of names(load).entries()) {
    const stream = createWriteStream(join(source, name));
    // Each block differs: neither side shall profit from zeros.
    for (let written = 0; written < load.bytes; written += 64 * 1024) {
      const block = Buffer.alloc(64 * 1024, `${index}.${written} `);
      if (!stream.write(block)) await once(stream, 'drain');
    }
    stream.end();
    await once(stream, 'close');
  }
  return source;
}

function check(load: Load, folder: string): void {
  for (const name of names(load)) {
    if (statSync(join(folder, name)).size !== load.bytes) throw new Error(`${name} in ${folder} is not whole`);
  }
}
