import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/ports/logger.ts';
import { AgentClient } from '../../src/staging/agent-client.ts';
import { eventually } from '../core/harness.ts';
import { type ObjectStoreServer, startObjectStoreServer } from '../object-store-server/server.ts';
import { LiveAgent, never } from './live-agent.ts';
import { buildPatienceMs, s3Place } from './stores.ts';

let server: ObjectStoreServer;
beforeAll(async () => {
  server = await startObjectStoreServer();
}, buildPatienceMs);
afterAll(() => server.stop());

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('calls wait until a session has said how storage is reached; a signal ends the wait', async () => {
  const agent = new LiveAgent(s3Place(server));
  await agent.put('in', 'x');
  const job = agent.job({ inputs: [agent.input('in')] });
  const staged = agent.client.stage(job, never);
  const controller = new AbortController();
  const gaveUp = expect(agent.client.verify(job.plan, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  controller.abort();
  await gaveUp;
  // This one needs no store.
  await agent.client.forget(job.step, join(agent.folder, 'nothing'));
  expect([agent.client.configured, agent.client.pid]).toEqual([false, undefined]);
  agent.client.configure(agent.access);
  await staged;
  expect(readFileSync(join(job.workdir, 'in'), 'utf8')).toBe('x');
});

test('the same access keeps the process, other stores too; another environment has a new one, and the old one ends', async () => {
  const agent = LiveAgent.configured(s3Place(server));
  await agent.put('in', 'x');
  const { pid } = agent.client;
  agent.client.configure(structuredClone(agent.access));
  agent.client.configure({ ...agent.access, stores: { ...agent.access.stores, more: { kind: 'directory' } } });
  await agent.client.stage(agent.job({ inputs: [agent.input('in')] }), never);
  expect(agent.client.pid).toBe(pid);

  agent.client.configure({ ...agent.access, environment: { AWS_REGION: 'eu-central-1' } });
  await agent.client.stage(agent.job({ inputs: [agent.input('in')] }), never);
  expect(agent.client.pid).not.toBe(pid);
  await eventually(() => !isAlive(pid ?? 0), 'the first agent to end');
});

test.each(['variables', 'a profile'])(
  "without keys in the settings the client's own chain finds them: %s",
  async (where) => {
    const under = s3Place(server);
    const agent = new LiveAgent(under);
    const { credentials: _none, ...settings } = server.settings;
    const file = join(agent.folder, 'credentials');
    const { accessKey, secretKey } = server;
    writeFileSync(file, `[team]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`);
    const environment =
      where === 'variables'
        ? { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey }
        : { AWS_PROFILE: 'team', AWS_SHARED_CREDENTIALS_FILE: file };
    agent.client.configure({ stores: { main: settings }, environment });
    await agent.put('in', 'x');
    const job = agent.job({ inputs: [agent.input('in')] });
    await agent.client.stage(job, never);
    expect(readFileSync(join(job.workdir, 'in'), 'utf8')).toBe('x');
  },
);

test('a store that the session has not named is said', async () => {
  const agent = LiveAgent.configured(s3Place(server));
  const job = agent.job({ inputs: [{ path: 'x', at: { store: 'other', bucket: 'b', key: 'x' } }] });
  await expect(agent.client.stage(job, never)).rejects.toMatchObject({
    code: 'storage-unconfigured',
    message: expect.stringContaining('other'),
  });
});

test('no credential is in argv, in the environment, in a log or on the disk', async () => {
  const lines: string[] = [];
  const hear = (facts: object, message: string): void => void lines.push(JSON.stringify({ facts, message }));
  const under = s3Place(server);
  const agent = LiveAgent.configured(under, { logger: { debug: hear, info: hear, warn: hear, error: hear } });
  await agent.put('in', 'x');
  const job = agent.job({ inputs: [agent.input('in')], outputs: [agent.output('o')] });
  await agent.client.stage(job, never);
  agent.write(job, { o: 'x' });
  const ref = await agent.collect(job);
  await expect(agent.client.stage(agent.job({ inputs: [agent.input('gone')] }), never)).rejects.toThrow(
    expect.objectContaining({ message: expect.not.stringContaining(server.secretKey) }),
  );
  await agent.commit(ref);

  const secrets = [server.secretKey, server.accessKey];
  const proc = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${agent.client.pid}/${name}`, 'utf8'));
  const files = readdirSync(agent.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
  expect(files.length).toBeGreaterThan(2);
  expect(lines.length).toBeGreaterThan(2);
  for (const text of [...proc, ...files, ...lines]) {
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
  }
});

test('the process ends with its channel', async () => {
  const agent = LiveAgent.configured(s3Place(server));
  const pid = agent.client.pid ?? 0;
  expect(isAlive(pid)).toBe(true);
  await agent.client.close();
  expect(isAlive(pid)).toBe(false);
  await expect(agent.client.stage(agent.job({}), never)).rejects.toMatchObject({ code: 'agent-lost' });
});

test('a program that ends at once is not started for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'konverge-agent-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [entry, starts] = [join(folder, 'agent.mjs'), join(folder, 'starts')];
  writeFileSync(entry, `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(starts)}, 'x');`);
  const client = new AgentClient({ entry, stateDir: folder, logger: silentLogger });
  client.configure({ stores: {}, environment: {} });
  for (let calls = 0; calls < 8; calls += 1) {
    await expect(client.collectGarbage([], [])).rejects.toMatchObject({ code: 'agent-lost' });
  }
  await client.close();
  expect(readFileSync(starts, 'utf8').length).toBeLessThanOrEqual(6);
});
