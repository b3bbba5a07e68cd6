// The scripts of a pod, run by bash on this machine: folders of the pod are folders of a test, `flux` is what a case says.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tryCommand } from '../../testbed/command.ts';
import type { Container, MiniClusterSpec } from '../minicluster.ts';
import { settledOf } from '../samples.ts';
import { initScript } from './init-script.ts';
import { startScript } from './start-script.ts';
import { waitScript } from './wait-script.ts';

interface Case {
  readonly spec?: Partial<MiniClusterSpec>;
  readonly container?: Container;
  readonly host?: string;
  /** What `flux start` does, in bash. */
  readonly start?: string;
  readonly programs?: Readonly<Record<string, string>>;
}

const plain = { strict: true, quiet: true };

async function pod({ spec = {}, container, host = 'sample-0', start = '', programs = {} }: Case) {
  const folder = await mkdtemp(path.join(tmpdir(), 'konverge-minicluster-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const runner = { image: 'a', command: 'app', launcher: true, ...container };
  const cluster = settledOf({ flux: { container: { disable: true } }, logging: plain, containers: [runner], ...spec });
  const flux = [
    'if [ "$1" = R ]; then echo R; exit; fi',
    // The words after the options are the command; each one in brackets.
    'shift 4; while [[ "$1" == -S* ]]; do shift; done',
    `printf '[%s]' "$@"; echo`,
    start,
  ].join('\n');
  const all = { hostname: `echo ${host}`, flux, ...programs };
  const view = 'opt/views/._view/hash/lib/python3.12';
  for (const name of ['bin', 'flux_operator', 'mnt', view, 'opt/software', 'tmp', 'home']) {
    await mkdir(path.join(folder, name), { recursive: true });
  }
  for (const [name, text] of Object.entries(all)) {
    await writeFile(path.join(folder, 'bin', name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    await chmod(path.join(folder, 'bin', name), 0o755);
  }
  await writeFile(path.join(folder, 'flux_operator/curve.cert'), 'KEYS\n');
  const moved = (text: string): string =>
    text
      .replaceAll(/(?<![\w}])\/(mnt|opt|tmp|flux_operator)\//g, `${folder}/$1/`)
      .replaceAll('/opt/software', `${folder}/opt/software`);
  const env = { PATH: `${path.join(folder, 'bin')}:/usr/bin:/bin`, HOME: path.join(folder, 'home') };
  const bash = async (text: string) => {
    const file = path.join(folder, 'script.sh');
    await writeFile(file, moved(text));
    return tryCommand(['/bin/bash', file], { env, cwd: folder, timeoutMs: 10_000 });
  };
  expect(await bash(initScript(cluster))).toMatchObject({ code: 0 });
  const read = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8');
  return {
    read,
    wait: () => bash(waitScript(cluster, cluster.spec.containers[0] ?? runner)),
    start: (of: Container) => bash(startScript(cluster, of)),
  };
}

const ended = 'mnt/flux/flux-operator-complete.txt';

describe('the lead', () => {
  test('starts the command, as words that bash makes of it', async () => {
    const { wait, read } = await pod({ container: { command: 'app  --say $GREETING' }, programs: {} });
    expect(await wait()).toMatchObject({ code: 1, stderr: expect.stringContaining('GREETING: unbound variable') });
    const quoted = await pod({ container: { command: `app 'two words'` } });
    expect((await quoted.wait()).stdout).toBe(`[app]['two][words']\n`);
    expect(await quoted.read(ended)).toBe('');
    await expect(read(ended)).rejects.toThrow('ENOENT');
  });

  test('has the exit code of Flux only if it is strict', async () => {
    const strict = await pod({ start: 'exit 3' });
    expect(await strict.wait()).toMatchObject({ code: 3 });
    const lax = await pod({ start: 'exit 3', spec: { logging: { quiet: true } } });
    expect(await lax.wait()).toMatchObject({ code: 0 });
    expect(await lax.read(ended)).toBe('');
  });

  test('ends at once for a user without a name, if it is strict', async () => {
    const programs = { whoami: 'echo "whoami: cannot find name for user ID 4711" >&2; exit 1' };
    expect(await (await pod({ programs })).wait()).toMatchObject({ code: 1, stdout: '' });
    const lax = await pod({ programs, spec: { logging: { quiet: true } } });
    expect(await lax.wait()).toMatchObject({ code: 0, stdout: '[app]\n' });
  });

  test.each([
    [{ size: 2, tasks: 2 }, '[-N][2][-n2][--quiet][--watch][app]'],
    [{ size: 2, tasks: 4 }, '[-N][2][-n4][--quiet][--watch][app]'],
    [{ size: 2, tasks: 1 }, '[-n1][--quiet][--watch][app]'],
    [{ size: 2, tasks: 0 }, '[-N][2][--quiet][--watch][app]'],
  ])('submits with %j', async (amounts, words) => {
    const { wait } = await pod({ container: { command: 'app', launcher: false }, spec: { ...amounts } });
    expect((await wait()).stdout).toBe(`[flux][submit]${words}\n`);
  });

  test('runs hooks, and a script whose variables are expanded too early', async () => {
    const hooks = { init: 'echo init', pre: 'echo pre', brokerPre: 'echo lead', post: 'echo post', prefix: 'nice' };
    const container = { command: '', commands: { ...hooks, script: 'echo $viewbase' } };
    const { wait, read } = await pod({ container, spec: { logging: { strict: true } } });
    const { stdout } = await wait();
    for (const word of ['init', 'pre', 'lead', 'post']) expect(stdout).toContain(`${word}\n`);
    expect(stdout).toMatch(/\[nice\]\[\/bin\/bash\]\[\S+custom-entrypoint\.sh\]/);
    expect(await read('tmp/custom-entrypoint.sh')).toMatch(/^echo \/.*\/mnt\/flux\n$/);
  });

  test('tells its broker where the others are', async () => {
    const { read } = await pod({ spec: { size: 2, network: { headlessName: 'net' } } });
    expect(await read('mnt/flux/config/etc/flux/system/hostlist')).toBe('sample-[0-1]\n');
    const config = await read('mnt/flux/config/etc/flux/config/broker.toml');
    expect(config).toContain('default_connect = "tcp://%h.net.work.svc.cluster.local:%p"');
    expect(config).toContain('hosts = [{ host="sample-[0-1]" }]');
  });
});

describe('a follower', () => {
  test('ends with its lead', async () => {
    const { wait } = await pod({ host: 'sample-1' });
    expect(await wait()).toMatchObject({ code: 0, stdout: expect.stringMatching(/The follower has ended\.\n$/) });
  });

  test('that fails ends at once if it is strict, and else tries again', async () => {
    const strict = await pod({ host: 'sample-1', start: 'exit 1' });
    expect(await strict.wait()).toMatchObject({ code: 1 });
    const spec = { logging: { quiet: true } };
    const lax = await pod({ host: 'sample-1', start: 'exit 1', spec, programs: { sleep: 'kill -9 $PPID' } });
    expect(await lax.wait()).toMatchObject({ stdout: expect.stringContaining('once more in 15 s') });
    const complete = { ...spec, flux: { completeWorkers: true, container: { disable: true } } };
    expect(await (await pod({ host: 'sample-1', start: 'exit 1', spec: complete })).wait()).toMatchObject({ code: 0 });
  });
});

describe('a view', () => {
  test('without libpython3.11 is fatal if the cluster is strict', async () => {
    const { wait } = await pod({ spec: { flux: {}, logging: { strict: true } } });
    const { code, stdout, stderr } = await wait();
    expect(stdout).toMatch(/Python of the view: \S+\/python3\.12/);
    expect(stderr).toMatch(/libpython3\.11\.so\.1\.0.*No such file/);
    expect(code).not.toBe(0);
  });

  test('is on the PATH after all else, if it is not', async () => {
    const { wait, read } = await pod({ spec: { flux: {}, logging: { quiet: true } } });
    expect(await wait()).toMatchObject({ code: 0, stdout: '[app]\n' });
    expect(await read('mnt/flux/flux-view.sh')).toMatch(/^export PATH=.*:\S+\/mnt\/flux\/view\/bin$/m);
  });
});

describe('a container beside', () => {
  test('waits with a program that it lacks, unless it is told not to', async () => {
    const side = { name: 'side', command: 'echo "it runs"' };
    expect(await (await pod({})).start(side)).toMatchObject({ code: 127, stdout: '' });
    const flux = { noWaitSocket: true, container: { disable: true } };
    expect(await (await pod({ spec: { flux } })).start(side)).toMatchObject({ code: 0, stdout: 'it runs\n' });
    expect(await (await pod({ spec: { flux } })).start({ name: 'side', command: 'exit 5' })).toMatchObject({ code: 5 });
  });
});
