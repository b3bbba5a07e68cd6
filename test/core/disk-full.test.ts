import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { stateDirOf } from '../../src/config/state-dir.ts';
import { lackOfSmallDisk, mountSmallDisk } from '../small-disk.ts';
import { testUnless } from '../test-unless.ts';
import { CoreProcess } from './core-process.ts';
import { eventually, patienceMs, temporaryDirectory } from './harness.ts';
import { stepRequest } from './step.ts';

const lack = lackOfSmallDisk();

testUnless(
  lack,
  'a full disk holds the core up, and nothing is lost',
  async () => {
    const workdir = temporaryDirectory();
    const { path } = stateDirOf(workdir);
    mkdirSync(path, { recursive: true });
    mountSmallDisk(path, 4);

    const core = await CoreProcess.start(workdir, '--engine', 'local');
    const { session } = await core.open();
    const refs = Array.from({ length: 8 }, (_, n) => `s${n}`);
    const command = (name: string): string =>
      `touch up-${name}; until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done; echo x > ${name}`;
    await core.submit(
      session,
      refs.map((name) => stepRequest(workdir, name, command(name))),
    );
    // What has begun; the others may fail for want of room for their logs.
    await eventually(() => existsSync(join(workdir, 'up-s0')), 'the first step');

    const ballast = join(path, 'ballast');
    fill(ballast);
    // Its log has no room either.
    fill(core.state.log);
    await expect(core.submit(session, [stepRequest(workdir, 'late', 'true')])).rejects.toMatchObject({
      code: expect.stringMatching(/^(disk-full|store-failed)$/),
    });
    writeFileSync(join(workdir, 'go'), '');
    const trouble = async (): Promise<unknown> =>
      (
        await core.client.call(
          'POST',
          `/v1/sessions/${session}/heartbeat`,
          z.object({ trouble: z.string().nullable() }),
          {},
        )
      ).trouble;
    await eventually(async () => (await trouble()) !== null, 'the core to say that it cannot write');
    // It can still be looked at.
    expect((await core.steps()).length).toBeGreaterThanOrEqual(refs.length);
    expect(core.child.exitCode).toBeNull();

    rmSync(ballast);
    await eventually(async () => (await trouble()) === null, 'the core to write again');
    expect(await core.endOf(session, 's0.1')).toMatchObject({ state: 'succeeded' });
    await core.submit(session, [stepRequest(workdir, 'late', 'true')]);
    expect((await core.endOf(session, 'late.1')).state).toBe('succeeded');
    await core.close(session);
    expect(await core.exit).toBe(0);
  },
  4 * patienceMs,
);

testUnless(
  lack,
  'a core that must end on a full disk ends',
  async () => {
    const workdir = temporaryDirectory();
    const { path } = stateDirOf(workdir);
    mkdirSync(path, { recursive: true });
    mountSmallDisk(path, 4);
    const core = await CoreProcess.start(workdir, '--engine', 'local');
    const { session } = await core.open();
    const request = stepRequest(
      workdir,
      'a',
      'touch up; until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done; echo x >> ran',
    );
    await core.submit(session, [request]);
    await eventually(() => existsSync(join(workdir, 'up')), 'the step');
    const ballast = join(path, 'ballast');
    fill(ballast);
    // Its log has no room either.
    fill(core.state.log);
    await core.close(session).catch(() => undefined);
    writeFileSync(join(workdir, 'go'), '');
    // What could not be written is observed again by the next core.
    expect(await core.exit).toBe(0);
    rmSync(ballast);
    const second = await CoreProcess.start(workdir, '--engine', 'local');
    await eventually(async () => (await second.steps())[0]?.state === 'succeeded', 'the end to be known');
  },
  4 * patienceMs,
);

function fill(path: string): void {
  for (const bytes of [65_536, 4096, 512]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
