import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { podErrorExitCode } from '../../../src/domain/pod-wrapper.ts';
import { type ObjectStoreServer, startObjectStoreServer } from '../../object-store-server/server.ts';
import { LiveAgent, never } from '../live-agent.ts';
import { buildPatienceMs, s3Place } from '../stores.ts';
import { Pod, until } from './pod.ts';
import { shells, systemShell } from './shells.ts';

let server: ObjectStoreServer;
beforeAll(async () => {
  server = await startObjectStoreServer();
}, buildPatienceMs);
afterAll(() => server.stop());

const start = (): LiveAgent => LiveAgent.configured(s3Place(server));

describe.each(shells)('under $name', (shell) => {
  test('a step that succeeds has its outputs in storage when the host has committed them', async () => {
    const host = start();
    await host.put('in', 'input\n');
    const { plan } = host.job({ inputs: [host.input('in')], outputs: [host.output('out/a'), host.output('b')] });
    const commands = ['cat in >out/a; echo first', 'echo second; echo words >&2; echo b >b'];
    const pod = new Pod(host, { commands, plan, uid: '0d7b6c1e-1' });
    expect(await pod.run(shell)).toBe(0);
    expect(pod.report).toMatchObject({ version: 1, exitCode: 0 });
    expect(pod.report.usage.length).toBe(2);
    expect(pod.report).not.toHaveProperty('error');
    expect(pod.report).not.toHaveProperty('tail');
    const { manifest } = pod.report;
    if (manifest === undefined) throw new Error('no manifest');
    expect(manifest.at.key).toMatch(/-a1-g1-0d7b6c1e1\.json$/);
    expect(await host.content('b')).toBeUndefined();
    await host.commit(manifest);
    expect([await host.content('out/a'), await host.content('b')]).toEqual(['input\n', 'b\n']);
    expect(await host.content('.logs/step/stdout/000001')).toBe('first\nsecond\n');
    expect(await host.content('.logs/step/stderr/000001')).toBe('words\n');
    for (const line of ['stdout | first', 'stdout | second', 'stderr | words']) {
      expect(pod.agentOutput.split('\n')).toContain(line);
    }
  });

  test('the first command that fails ends the step with its exit code, and its logs are kept', async () => {
    const host = start();
    const { plan } = host.job({ outputs: [host.output('a')], logs: [host.input('log')] });
    const commands = ['echo a >a', 'echo why >log; echo oh >&2; exit 3', 'echo never >&2'];
    const pod = new Pod(host, { commands, plan });
    expect(await pod.run(shell)).toBe(3);
    expect(pod.report).toMatchObject({ exitCode: 3, tail: 'oh' });
    expect(pod.report.usage.length).toBe(2);
    expect(pod.report).not.toHaveProperty('error');
    expect(await host.content('log')).toBe('why\n');
    expect([await host.keys(), await host.openUploads()]).toEqual([['.logs/step/stderr/000001', 'log'], 0]);
  });

  test('commands are run whatever is in them, with the environment that the file says', async () => {
    const value = 'it\'s "quoted" $HOME `x` \\n \u00e9\u6f22 \t*\nsecond line';
    const envFile = `export ODD='${value.replaceAll("'", `'\\''`)}'\nexport TMPDIR='/not/here'\n`;
    const bytes = 'printf "%s|" "$ODD" "$HOME" "$TMPDIR" "$PWD" "${OLDPWD-unset}" "${code-unset}"';
    const long = `: ${'x'.repeat(300_000)}`;
    const pod = new Pod(start(), {
      commands: [
        bytes,
        'cat; read -r line; echo "read $?"',
        long,
        'printf "\\351\\000\\377"; printf "no newline"',
        'exit 0; echo no',
      ],
      envFile,
    });
    expect(await pod.run(shell)).toBe(0);
    const { home, tmp } = pod.layout;
    const said = `${value}|${home}|${tmp}|${pod.workdir}|unset|unset|read 1\n`;
    const all = Buffer.concat([Buffer.from(said), Buffer.from([0o351, 0, 0o377]), Buffer.from('no newline')]);
    expect(readFileSync(join(pod.layout.logs, 'stdout')).equals(all)).toBe(true);
    expect(pod.report.usage.length).toBe(5);
  });

  test('an image that has nothing but a shell is enough', async () => {
    const host = start();
    const { plan } = host.job({ outputs: [host.output('a')] });
    const pod = new Pod(host, { commands: ['echo x >a'], plan, env: { PATH: join(host.folder, 'bin') } });
    mkdirSync(join(host.folder, 'bin'));
    symlinkSync(shell.program, join(host.folder, 'bin/sh'));
    expect(await pod.run(shell)).toBe(0);
    expect(pod.report.manifest).toBeDefined();
    expect(pod.log('stderr')).toBe('konverge: the image has no bash; the command is run by sh\n');
  });

  test('SIGTERM reaches every process of the command, and the step tells how it ended', async () => {
    const host = start();
    const { plan } = host.job({ outputs: [host.output('a')] });
    const child = 'sh -c \'trap "echo child; exit 0" TERM; : >ready; while :; do sleep 0.05; done\'';
    const pod = new Pod(host, { commands: [`${child} & wait; wait; echo no`, 'echo never'], plan });
    pod.startAgent();
    const step = pod.startStep(shell);
    await until(() => pod.has('ready'));
    step.kill('SIGTERM');
    expect(await step.ended).toBe(143);
    expect(pod.report).toMatchObject({ exitCode: 143 });
    expect(pod.log('stdout')).toBe('child\n');
    expect(await pod.endAgent('SIGTERM')).toBe(0);
  });

  test('a command that ends well all the same has succeeded, but no further one begins', async () => {
    const graceful = "trap 'echo x >a; exit 0' TERM; : >ready; while :; do sleep 0.05; done";
    for (const [commands, code] of [
      [[graceful], 0],
      [[graceful, 'echo never'], 143],
    ] as const) {
      const host = start();
      const { plan } = host.job({ outputs: [host.output('a')] });
      const pod = new Pod(host, { commands, plan });
      pod.startAgent();
      const step = pod.startStep(shell);
      await until(() => pod.has('ready'));
      step.kill('SIGTERM');
      expect(await step.ended).toBe(code);
      expect(pod.report.exitCode).toBe(code);
      expect(pod.report.manifest === undefined).toBe(code !== 0);
      expect(pod.log('stdout')).toBe('');
    }
  });

  test('SIGTERM ends a step that waits for its files', async () => {
    const pod = new Pod(start(), { commands: ['echo never'] });
    const early = pod.startStep(shell);
    early.kill('SIGTERM');
    // Before its first line it has no trap yet, and after it ends by itself.
    expect([143, null]).toContain(await early.ended);
    pod.startAgent();
    await pod.endAgent('SIGKILL');
    const late = pod.startStep(shell);
    await until(() => hasTrap(late.pid));
    late.kill('SIGTERM');
    expect(await late.ended).toBe(143);
    expect([pod.log('stdout'), pod.hasReport]).toEqual(['', false]);
  });

  test('a command killed by a signal has 128 and its number', async () => {
    const pod = new Pod(start(), { commands: ['kill -KILL $$'], workdir: '/tmp' });
    expect(await pod.run(shell)).toBe(137);
    expect(pod.report.exitCode).toBe(137);
  });

  test('what a success leaves in the background may end, and is killed if it does not', async () => {
    const host = start();
    const { plan } = host.job({ outputs: [host.output('a')] });
    const slow = '(sleep 0.5; echo whole >>a) & echo begun >a';
    const pod = new Pod(host, { commands: [slow], plan });
    expect(await pod.run(shell)).toBe(0);
    await host.commit(pod.report.manifest ?? { at: host.at('none') });
    expect(await host.content('a')).toBe('begun\nwhole\n');

    const daemon = new Pod(host, {
      commands: ["sh -c 'echo $$ >pid; exec sleep 600' & while [ ! -s pid ]; do :; done"],
    });
    expect(await daemon.run(shell)).toBe(0);
    const pid = readFileSync(join(daemon.workdir, 'pid'), 'utf8').trim();
    expect(isAlive(pid)).toBe(false);
  });
});

/** A killed process stays as a zombie until its parent asks for it. */
function isAlive(pid: string): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !readFileSync(path, 'utf8').includes(') Z ');
}

/** Whether a process would hear SIGTERM. */
function hasTrap(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${caught}`) >> 14n) & 1n) === 1n;
}

test('an output that is missing fails the step, though its command succeeded', async () => {
  const host = start();
  const { plan } = host.job({ outputs: [host.output('a'), host.output('b')] });
  const pod = new Pod(host, { commands: ['echo a >a; echo done'], plan });
  expect(await pod.run(systemShell)).toBe(podErrorExitCode);
  expect(pod.report).toMatchObject({ exitCode: 0, error: { code: 'output-missing' }, tail: 'done' });
  expect(pod.report.error?.message).toContain('b');
  expect([await host.openUploads(), await host.manifests()]).toEqual([0, 0]);
});

test('a step whose inputs cannot be had is over before its command', async () => {
  const host = start();
  const { plan } = host.job({ inputs: [host.input('nothing')], outputs: [host.output('a')] });
  const pod = new Pod(host, { commands: ['echo never'], plan });
  expect(await pod.run(systemShell)).toBe(podErrorExitCode);
  expect(pod.report).toMatchObject({ usage: [], error: { code: 'object-missing' } });
  expect(pod.report).not.toHaveProperty('exitCode');
  expect(pod.log('stdout')).toBe('');
});

test('a store that denies access is told with its code, and no credential', async () => {
  const host = start();
  await host.put('in', 'x');
  const { plan } = host.job({ inputs: [host.input('in')] });
  const credentials = { accessKeyId: 'wrong', secretAccessKey: 'very-secret' };
  const pod = new Pod(host, { commands: ['echo never'], plan, settings: { ...server.settings, credentials } });
  expect(await pod.run(systemShell)).toBe(podErrorExitCode);
  expect(pod.report.error?.code).toBe('storage-denied');
  expect(JSON.stringify(pod.report) + pod.agentOutput).not.toContain('very-secret');
});

test('a working directory that is not in the pod is said', async () => {
  const pod = new Pod(start(), { commands: ['echo never'], workdir: '/not/in/the/pod' });
  expect(await pod.run(systemShell)).toBe(podErrorExitCode);
  expect(pod.report).toMatchObject({ usage: [], error: { code: 'storage-needed' } });
});

test('a job that cannot be read is said without its values', async () => {
  const pod = new Pod(start(), { commands: ['echo never'], settings: { kind: 'tape', key: 'hidden' } as never });
  expect(await pod.run(systemShell)).toBe(podErrorExitCode);
  expect(pod.report.error?.message).toContain('stores.main.kind');
  expect(pod.agentOutput).not.toContain('hidden');
});

test('sources come from storage, where the host has put them', async () => {
  const host = start();
  writeFileSync(join(host.folder, 'tool'), 'tool\n');
  const path = join(host.folder, 'sources.tar.gz');
  execFileSync('tar', ['-czf', path, '-C', host.folder, 'tool']);
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  host.client.configure({ ...host.access, sources: { digest, path } });
  const { plan } = host.job({ sources: digest, outputs: [host.output('a')] });
  await host.client.prepareElsewhere(plan, never);
  const pod = new Pod(host, { commands: ['cat tool >a'], plan });
  expect(await pod.run(systemShell)).toBe(0);
  await host.commit(pod.report.manifest ?? { at: host.at('none') });
  expect(await host.content('a')).toBe('tool\n');
});

test('two pods of one step leave two manifests, of which the host takes one', async () => {
  const host = start();
  const { plan } = host.job({ outputs: [host.output('a')] });
  const pods = ['one', 'two'].map((uid) => new Pod(host, { commands: [`echo ${uid} >a`], plan, uid, step: 'same' }));
  expect(await Promise.all(pods.map((pod) => pod.run(systemShell)))).toEqual([0, 0]);
  const [first, second] = pods.map((pod) => pod.report.manifest);
  if (first === undefined || second === undefined) throw new Error('no manifest');
  expect(first.at.key).not.toBe(second.at.key);
  expect([await host.manifests(), await host.openUploads()]).toEqual([2, 2]);
  await host.commit(second);
  await host.client.discard(first);
  expect(await host.content('a')).toBe('two\n');
  expect([await host.manifests(), await host.openUploads()]).toEqual([0, 0]);
});
