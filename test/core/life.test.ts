import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeCoreFile } from '../../src/config/state-dir.ts';
import { KonvergeError } from '../../src/domain/error.ts';
import { connectCore, findCore } from '../../src/frontends/client/connect.ts';
import { Health } from '../../src/frontends/http/schemas.ts';
import { CoreProcess } from './core-process.ts';
import { eventually, patienceMs, temporaryDirectory } from './harness.ts';
import { stepRequest } from './step.ts';

const timeout = 4 * patienceMs;
const local = ['--engine', 'local'];

describe('a core', { timeout }, () => {
  it('ends by itself when its session is closed and nothing runs, and leaves nothing that points to it', async () => {
    const workdir = temporaryDirectory();
    const core = await CoreProcess.start(workdir, ...local);
    const socket = String(core.ready['socket']);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const { session } = await core.open();
    await core.submit(session, [stepRequest(workdir, 'a', 'true')]);
    await core.endOf(session, 'a.1');
    await core.close(session);
    expect(await core.exit).toBe(0);
    expect(existsSync(socket)).toBe(false);
    expect(existsSync(core.state.coreFile)).toBe(false);
    const record = JSON.parse(readFileSync(join(core.state.runs, `${session}.json`), 'utf8'));
    expect(record).toMatchObject({ session, steps: [{ label: 'a', state: 'succeeded' }] });
  });

  it('follows what runs to its end after its session has been closed, and starts nothing more', async () => {
    const workdir = temporaryDirectory();
    writeFileSync(join(workdir, 'konverge.yaml'), 'local: { queues: { default: { cpu: 1 } } }\n');
    const core = await CoreProcess.start(workdir, ...local);
    const { session } = await core.open();
    const command = 'echo x >> ran; until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done';
    await core.submit(session, [stepRequest(workdir, 'a', command), stepRequest(workdir, 'b', command)]);
    await core.running(session, 'a.1');
    await core.close(session);
    expect((await core.steps()).map(({ state }) => state)).toEqual(['running', 'queued']);
    writeFileSync(join(workdir, 'go'), '');
    expect(await core.exit).toBe(0);
    expect(readFileSync(join(workdir, 'ran'), 'utf8')).toBe('x\n');
  });

  it('ends when the process of its front end has ended without a word', async () => {
    const workdir = temporaryDirectory();
    const core = await CoreProcess.start(workdir, ...local);
    const gone = await CoreProcess.start(temporaryDirectory(), '--engine', 'none');
    await gone.exit;
    const { hostname } = await import('node:os');
    await core.open({ pid: gone.child.pid, host: hostname() });
    expect(await core.exit).toBe(0);
  });

  it('leaves by SIGTERM at once; its steps run on', async () => {
    const workdir = temporaryDirectory();
    const core = await CoreProcess.start(workdir, ...local);
    const { session } = await core.open();
    await core.submit(session, [
      stepRequest(workdir, 'a', 'until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done; echo x > done'),
    ]);
    await core.running(session, 'a.1');
    core.child.kill('SIGTERM');
    expect(await core.exit).toBe(0);
    writeFileSync(join(workdir, 'go'), '');
    await eventually(() => existsSync(join(workdir, 'done')), 'the step to end');
  });

  it('is the only one of its directory; a second one names the first', async () => {
    const workdir = temporaryDirectory();
    const first = await CoreProcess.start(workdir, ...local);
    const second = await CoreProcess.start(workdir, ...local);
    expect(second.ready).toEqual({ ...first.ready, existing: true });
    expect(await second.exit).toBe(0);
  });

  it('does not take the word of a core.json that a killed core has left', async () => {
    const workdir = temporaryDirectory();
    const first = await CoreProcess.start(workdir, ...local);
    await first.kill();
    // As if the directory had been moved: the socket that is named belongs to nobody.
    writeCoreFile(first.state, {
      pid: 1,
      socket: join(workdir, 'none.sock'),
      engine: 'local',
      version: '0',
      host: 'here',
    });
    expect(await findCore(first.state)).toBeUndefined();
    const second = await CoreProcess.start(workdir, ...local);
    expect(second.ready).toMatchObject({ ready: true, existing: false, pid: second.child.pid });
  });

  it('waits for one that is just ending, and takes its place', async () => {
    const workdir = temporaryDirectory();
    const first = await CoreProcess.start(workdir, ...local);
    first.child.kill('SIGSTOP');
    // It has the lock, and does not answer.
    const second = CoreProcess.start(workdir, ...local);
    first.child.kill('SIGTERM');
    first.child.kill('SIGCONT');
    expect((await second).ready).toMatchObject({ ready: true });
    await first.exit;
    const client = await connectCore(first.state, {
      command: [process.execPath, join(import.meta.dirname, '../../src/konverge.ts')],
      engine: 'local',
    });
    const { pid } = await client.call('GET', '/v1/health', Health);
    expect(pid).not.toBe(first.child.pid);
    process.kill(pid, 'SIGTERM');
  });

  it('takes a session or refuses it while it ends, but never takes one and goes', async () => {
    for (let round = 0; round < 6; round++) {
      const core = await CoreProcess.start(temporaryDirectory(), ...local);
      const { session } = await core.open();
      const closed = core.close(session);
      // At different moments: before, while and after the core decides that its life is over.
      for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
      const opened = await core.open().catch((error: unknown) => error);
      await closed;
      if (opened instanceof KonvergeError) {
        expect(['core-unreachable', 'workdir-busy']).toContain(opened.code);
      } else {
        const { session: next } = opened as { session: string };
        await core.told(next, 0);
        await core.close(next);
      }
      expect(await core.exit).toBe(0);
    }
  });

  it('serves a directory so deep that no socket fits into it', async () => {
    const workdir = join(temporaryDirectory(), 'd'.repeat(60), 'e'.repeat(60));
    mkdirSync(workdir, { recursive: true });
    const core = await CoreProcess.start(workdir, ...local);
    expect(Buffer.byteLength(String(core.ready['socket']))).toBeLessThanOrEqual(107);
    expect((await core.client.call('GET', '/v1/health', Health)).workdir).toBe(workdir);
    const { session } = await core.open();
    await core.close(session);
    expect(await core.exit).toBe(0);
    expect(existsSync(String(core.ready['socket']))).toBe(false);
  });

  it('is reached over TCP with its token only', async () => {
    const core = await CoreProcess.start(temporaryDirectory(), ...local, '--listen', '127.0.0.1:0');
    const url = `${String(core.ready['url'])}/v1/health`;
    const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
    const token = String(core.ready['token']);
    expect((await fetch(url, bearer(token))).status).toBe(200);
    for (const init of [{}, bearer('wrong'), bearer(`${token}x`), bearer(`${token.slice(1)}x`)]) {
      const answer = await fetch(url, init);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ error: { code: 'unauthorized' } });
    }
    expect((await fetch(`${String(core.ready['url'])}/none`)).status).toBe(401);
    expect((await core.client.call('GET', '/v1/health', Health)).pid).toBe(core.child.pid);
  });
});

describe('a core that cannot start', { timeout }, () => {
  async function refusal(workdir: string, ...args: string[]): Promise<unknown> {
    const core = await CoreProcess.start(workdir, ...args);
    expect(core.ready['ready']).toBe(false);
    expect(await core.exit).toBe(1);
    expect(existsSync(core.state.coreFile)).toBe(false);
    return core.ready['error'];
  }

  it('says what is wrong with konverge.yaml, and where', async () => {
    const workdir = temporaryDirectory();
    writeFileSync(join(workdir, 'konverge.yaml'), 'engine: local\nlocal:\n  quues: {}\n');
    expect(await refusal(workdir)).toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('konverge.yaml:3'),
    });
  });

  it('says that there is no such engine', async () => {
    expect(await refusal(temporaryDirectory(), '--engine', 'pbs')).toMatchObject({ code: 'engine-unknown' });
    expect(await refusal(temporaryDirectory(), '--engine', 'constructor')).toMatchObject({ code: 'engine-unknown' });
  });

  it('says that it cannot listen, and serves nobody without its lock', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const workdir = temporaryDirectory();
    expect(await refusal(workdir, ...local, '--listen', `127.0.0.1:${port}`)).toMatchObject({
      code: 'core-not-startable',
    });
    expect(await refusal(workdir, ...local, '--listen', 'nowhere')).toMatchObject({ code: 'config-invalid' });
    taken.close();
    expect((await CoreProcess.start(workdir, ...local)).ready['ready']).toBe(true);
  });
});
