import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parsePodReport } from '../../../src/domain/pod-handshake.ts';
import { markNames } from '../../../src/domain/pod-layout.ts';
import { podErrorExitCode } from '../../../src/domain/pod-wrapper.ts';
import { FaultyStore } from '../faulty-store.ts';
import { Pod, until } from './pod.ts';
import { systemShell } from './shells.ts';

const faulty = FaultyStore.forThisFile();

test.each([
  ['GetObject', 1, 'hold'],
  ['CreateMultipartUpload', 2, 'lose-answer'],
  ['UploadPart', 2, 'hold'],
  ['PutObject', 1, 'hold'],
  ['PutObject', 1, 'lose-answer'],
] as const)('an agent killed at %s %d (%s) goes on when it is started again', async (operation, count, kind) => {
  const host = faulty.start();
  await host.put('in', 'input\n');
  const outputs = ['a', 'b', 'c'].map((name) => host.output(name));
  const { plan } = host.job({ inputs: [host.input('in')], outputs });
  const key = operation === 'PutObject' ? 'manifests/' : '';
  const pod = new Pod(host, { commands: ['for f in a b c; do cat in >$f; done; echo once'], plan });
  faulty.proxy.add({ fault: { kind }, operation, key, skip: count - 1 });
  pod.startAgent();
  const step = pod.startStep(systemShell);
  await until(() => faulty.proxy.count(operation, new RegExp(key)) >= count);
  await pod.endAgent('SIGKILL');
  pod.startAgent();
  expect(await step.ended).toBe(0);
  expect(pod.log('stdout')).toBe('once\n');
  expect([await host.openUploads(), await host.manifests()]).toEqual([3, 1]);
  await host.commit(pod.report.manifest ?? host.input('none'));
  expect([await host.content('a'), await host.content('c')]).toEqual(['input\n', 'input\n']);
  expect([await host.openUploads(), await host.manifests()]).toEqual([0, 0]);
});

test('a command that runs does not notice that its agent is killed, or ended, and started again', async () => {
  const host = faulty.start();
  const { plan } = host.job({ outputs: [host.output('a')] });
  const command = 'echo x >a; : >ready; while [ ! -e go ]; do sleep 0.02; done; cat go';
  const pod = new Pod(host, { commands: [command], plan });
  pod.startAgent();
  const step = pod.startStep(systemShell);
  await until(() => pod.has('ready'));
  expect(await pod.endAgent('SIGKILL')).toBe(null);
  pod.startAgent();
  await until(() => pod.has('ready'));
  await until(() => readFileSync(`/proc/${pod.agent?.pid}/cmdline`, 'utf8').includes('agent'));
  await pod.endAgent('SIGTERM');
  pod.startAgent();
  host.write({ ...host.job({}), workdir: pod.workdir }, { go: 'gone on\n' });
  expect(await step.ended).toBe(0);
  expect(pod.log('stdout')).toBe('gone on\n');
  expect(pod.report.manifest).toBeDefined();
});

test('an agent that comes back when all is done gives the same report again', async () => {
  const host = faulty.start();
  const { plan } = host.job({ outputs: [host.output('a')] });
  const pod = new Pod(host, { commands: ['echo x >a'], plan });
  pod.startAgent();
  expect(await pod.startStep(systemShell).ended).toBe(0);
  const first = pod.report;
  await pod.endAgent('SIGKILL');
  const uploads = faulty.proxy.count('UploadPart');
  pod.startAgent();
  const fifo = join(pod.layout.marks, markNames.report);
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    'IFS= read -r line <"$1"; printf %s "$line"',
    'sh',
    fifo,
  ]);
  expect(parsePodReport(stdout)).toEqual(first);
  expect(faulty.proxy.count('UploadPart')).toBe(uploads);
});

test('an agent that always dies while it stages gives up, so that the step ends', async () => {
  const host = faulty.start();
  await host.put('in', 'x');
  const { plan } = host.job({ inputs: [host.input('in')] });
  const pod = new Pod(host, { commands: ['echo never'], plan });
  faulty.proxy.add({ fault: { kind: 'hold' }, operation: 'GetObject', times: null });
  const step = pod.startStep(systemShell);
  for (let tries = 1; tries <= 6; tries += 1) {
    pod.startAgent();
    await faulty.proxy.until('GetObject', tries);
    await pod.endAgent('SIGKILL');
  }
  pod.startAgent();
  expect(await step.ended).toBe(podErrorExitCode);
  expect(pod.report.error?.code).toBe('agent-lost');
});

test('SIGTERM while outputs are uploaded leaves none of them open, and the output so far in storage', async () => {
  const host = faulty.start();
  const { plan } = host.job({ outputs: [host.output('a'), host.output('b')] });
  const pod = new Pod(host, { commands: ['echo said; echo x >a; echo y >b'], plan });
  faulty.proxy.add({ fault: { kind: 'hold' }, operation: 'UploadPart', times: null });
  pod.startAgent();
  const step = pod.startStep(systemShell);
  await faulty.proxy.until('UploadPart', 2);
  // As the kubelet does it: the step's container first.
  step.kill('SIGTERM');
  expect(await step.ended).toBe(143);
  expect(await pod.endAgent('SIGTERM')).toBe(143);
  expect([await host.openUploads(), await host.manifests()]).toEqual([0, 0]);
  expect(await host.content('.logs/step/stdout/000001')).toBe('said\n');
});

test('SIGTERM while the command runs and is killed leaves the output so far in storage', async () => {
  const host = faulty.start();
  const { plan } = host.job({ outputs: [host.output('a')] });
  const pod = new Pod(host, { commands: ["trap '' TERM; echo said; : >ready; while :; do sleep 0.05; done"], plan });
  pod.startAgent();
  const step = pod.startStep(systemShell);
  await until(() => pod.has('ready'));
  step.kill('SIGTERM');
  process.kill(-step.pid, 'SIGKILL');
  await step.ended;
  expect(await pod.endAgent('SIGTERM')).toBe(143);
  expect(await host.content('.logs/step/stdout/000001')).toBe('said\n');
  expect(readFileSync(join(pod.layout.logs, 'stdout'), 'utf8')).toBe('said\n');
});
