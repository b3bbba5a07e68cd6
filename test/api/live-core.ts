import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { Core } from '../../src/app/core.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { createEngineFactory } from '../../src/engines/registry.ts';
import { type Api, createApi } from '../../src/frontends/http/api.ts';
import { createServer } from '../../src/frontends/http/server.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { noStaging } from '../../src/ports/no-staging.ts';
import { SqliteRunStore } from '../../src/storage/sqlite/sqlite-run-store.ts';

/** A core with the real local engine and the real store in a directory of its own, and its API. */
export interface LiveCore {
  readonly workdir: string;
  readonly api: Api;
  readonly server: FastifyInstance;
}

const konvergeYaml = `
local:
  cancel_grace: 0.3
  queues:
    default: { cpu: 4, memory: 4Gi }
    narrow: { cpu: 1, memory: 1Gi, priority: 10, custom: { licence: 1 } }
services:
  db: { command: [sleep, "60"] }
rules:
  moved: { queue: narrow }
`;

/** Closed, and its directory removed, when the test is over. */
export async function startCore(options: { readonly token?: string } = {}): Promise<LiveCore> {
  const workdir = mkdtempSync(path.join(tmpdir(), 'konverge-api-'));
  const stateDir = path.join(workdir, '.snakemake/konverge');
  const configuration = parseConfiguration(konvergeYaml, 'konverge.yaml');
  const core = new Core({
    store: new SqliteRunStore(path.join(stateDir, 'store.sqlite')),
    staging: noStaging,
    createEngine: createEngineFactory('local', { stateDir, workdir, configuration: configuration.local }),
    clock: systemClock,
    logger: silentLogger,
    isAlive: () => true,
  });
  await core.recover();
  const api = createApi({ core, configuration, version: '0.0.0-test', workdir, stateDir });
  const server = createServer(api, silentLogger, options);
  onTestFinished(async () => {
    await core.cancel({}, AbortSignal.timeout(5000));
    core.feed.close();
    await server.close();
    await core.close();
    rmSync(workdir, { recursive: true, force: true });
  });
  return { workdir, api, server };
}

export function opening(workdir: string): Record<string, unknown> {
  const environment = { PATH: process.env['PATH'] ?? '' };
  return { frontEnd: 'test', version: '1', workdir, pid: process.pid, host: hostname(), environment };
}

export async function openSession({ server, workdir }: LiveCore): Promise<string> {
  const answer = await server.inject({ method: 'POST', url: '/v1/sessions', payload: opening(workdir) });
  return answer.json<{ session: string }>().session;
}

export function stepRequest(workdir: string, ref: string, command: string): Record<string, unknown> {
  return {
    ref,
    rule: 'hello',
    label: `hello ${ref}`,
    attempt: 1,
    threads: 1,
    inputs: [],
    outputs: [`${ref}.txt`],
    logs: [],
    resources: {},
    execution: { mode: 'direct', shell: 'sh', commands: [command] },
    cwd: workdir,
    env: {},
  };
}

/** Submits one step and returns the core's name of it. */
export async function submitStep(live: LiveCore, session: string, ref: string, command: string): Promise<string> {
  const answer = await live.server.inject({
    method: 'POST',
    url: `/v1/sessions/${session}/steps`,
    payload: { steps: [stepRequest(live.workdir, ref, command)] },
  });
  const [result] = answer.json<{ results: { step: string }[] }>().results;
  if (result?.step === undefined) throw new Error(`not taken: ${answer.body}`);
  return result.step;
}
