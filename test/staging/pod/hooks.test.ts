// What other kinds of pods than a Job's have besides: scripts before and after the commands, and pods of other ranks.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ObjectStoreServer, startObjectStoreServer } from '../../object-store-server/server.ts';
import { LiveAgent } from '../live-agent.ts';
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
  test('hooks run around the commands, in their directory, and are told how they ended', async () => {
    const host = start();
    const { plan } = host.job({ outputs: [host.output('a')] });
    const hooks = { before: 'echo before >a; echo early', after: 'echo "after $1" >>a; exit 0' };
    const pod = new Pod(host, { commands: ['echo during >>a'], plan, hooks });
    expect(await pod.run(shell)).toBe(0);
    expect(pod.report.usage.length).toBe(1);
    expect(pod.log('stdout')).toBe('early\n');
    const { manifest } = pod.report;
    if (manifest === undefined) throw new Error('no manifest');
    await host.commit(manifest);
    expect(await host.content('a')).toBe('before\nduring\nafter 0\n');
  });

  test('one that refuses says why; no command begins, or a success is none', async () => {
    const refusing = `printf 'refused image-unfit no  program\\n' >&9; exit 1`;
    const before = new Pod(start(), { commands: ['echo never'], hooks: { before: refusing, after: 'echo never' } });
    const after = new Pod(start(), { commands: ['true'], hooks: { after: refusing } });
    for (const pod of [before, after]) {
      expect(await pod.run(shell)).toBe(125);
      expect(pod.report.error).toMatchObject({ code: 'image-unfit', message: 'no  program' });
      expect(pod.report).not.toHaveProperty('exitCode');
      expect(pod.log('stdout')).toBe('');
    }
    const mute = new Pod(start(), { commands: ['true'], hooks: { before: 'exit 7' } });
    expect(await mute.run(shell)).toBe(125);
    expect(mute.report.error).toMatchObject({ code: 'internal' });
  });

  test('the exit code of the commands counts for more than what comes after them', async () => {
    const after = `printf 'refused image-unfit too late\\n' >&9; exit 1`;
    const pod = new Pod(start(), { commands: ['exit 3'], hooks: { after: `echo "$1"; ${after}` } });
    expect(await pod.run(shell)).toBe(3);
    expect(pod.report).toMatchObject({ exitCode: 3 });
    expect(pod.report).not.toHaveProperty('error');
    expect(pod.log('stdout')).toBe('3\n');
  });

  test('SIGTERM while one runs ends the step', async () => {
    const pod = new Pod(start(), { commands: ['echo never'], hooks: { before: 'echo here; sleep 30' } });
    pod.startAgent();
    const step = pod.startStep(shell);
    await until(() => pod.log('stdout') === 'here\n');
    step.kill('SIGTERM');
    expect(await step.ended).toBe(143);
    expect(pod.log('stdout')).toBe('here\n');
  });
});

describe('a pod of other ranks', () => {
  test('has the inputs, and leaves outputs and logs to the pod of the step', async () => {
    const host = start();
    await host.put('in', 'input\n');
    const { plan } = host.job({
      inputs: [host.input('in')],
      outputs: [host.output('out/a')],
      logs: [host.input('log')],
    });
    const pod = new Pod(host, { commands: ['cat in; echo a >out/a; echo log >log'], plan, role: 'rank' });
    expect(await pod.run(systemShell)).toBe(0);
    expect(pod.report).toMatchObject({ exitCode: 0 });
    expect(pod.report).not.toHaveProperty('manifest');
    expect(pod.agentOutput).toContain('stdout | input\n');
    expect([await host.keys(), await host.openUploads()]).toEqual([['in'], 0]);
  });

  test('says why it has no inputs', async () => {
    const host = start();
    const { plan } = host.job({ inputs: [host.input('absent')] });
    const pod = new Pod(host, { commands: ['echo never'], plan, role: 'rank' });
    expect(await pod.run(systemShell)).toBe(125);
    expect(pod.report.error).toMatchObject({ code: 'object-missing' });
  });
});
