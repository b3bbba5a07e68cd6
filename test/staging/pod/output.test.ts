import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FaultyStore } from '../faulty-store.ts';
import type { LiveAgent } from '../live-agent.ts';
import { Pod, until } from './pod.ts';
import { systemShell } from './shells.ts';

const faulty = FaultyStore.forThisFile();
const MiB = 1024 * 1024;

async function pieces(host: LiveAgent, stream: string): Promise<readonly number[]> {
  const listed = await Array.fromAsync(host.store.list(host.at(`.logs/step/${stream}/`)));
  return listed.map(({ sizeBytes }) => sizeBytes);
}

test("200 MB of lines harm neither the agent nor the pod's log, and the limit is said", {
  timeout: 120_000,
}, async () => {
  const host = faulty.start();
  const line = 'x'.repeat(99);
  const limitBytes = 5 * MiB + 17;
  const command = `yes ${line} | head -n 2000000; echo last`;
  const pod = new Pod(host, { commands: [command], workdir: '/tmp', logLimitBytes: limitBytes });
  pod.startAgent();
  let peakKb = 0;
  const watching = new AbortController();
  const watched = (async () => {
    while (!watching.signal.aborted) {
      const status = readFileSync(`/proc/${pod.agent?.pid}/status`, 'utf8');
      peakKb = Math.max(peakKb, Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0));
      await pause(100);
    }
  })();
  expect(await pod.startStep(systemShell).ended).toBe(0);
  watching.abort();
  await watched;
  await pod.endAgent('SIGTERM');
  expect(statSync(join(pod.layout.logs, 'stdout')).size).toBe(200_000_005);
  const sizes = await pieces(host, 'stdout');
  expect(sizes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => MiB));
  expect(sizes.slice(5, -1).reduce((sum, size) => sum + size, 0)).toBe(17);
  const notice = await host.content(`.logs/step/stdout/${String(sizes.length).padStart(6, '0')}`);
  expect(notice).toContain(`only the first ${limitBytes} bytes`);
  expect(peakKb).toBeLessThan(400 * 1024);
  expect(pod.agentOutput.length).toBeLessThan(10 * MiB);
  const leftOut = [...pod.agentOutput.matchAll(/\[(\d+) lines left out here\]/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
  const printed = pod.agentOutput.split(`stdout | ${line}\n`).length - 1;
  expect(printed + leftOut + (pod.agentOutput.includes('stdout | last\n') ? 1 : 0)).toBe(2_000_001);
});

test('output goes to storage in pieces while the command runs, and a piece that is refused is sent again', async () => {
  const host = faulty.start();
  faulty.proxy.add({ fault: { kind: 'answer', status: 403, code: 'AccessDenied' }, operation: 'PutObject' });
  const command = 'yes 0123456 | head -n 200000; : >ready; while [ ! -e go ]; do sleep 0.02; done; printf end';
  const pod = new Pod(host, { commands: [command], plan: host.job({}).plan });
  pod.startAgent();
  const step = pod.startStep(systemShell);
  await until(() => pod.has('ready'));
  await until(() => pod.agentOutput.includes('could not be sent to storage'));
  host.write({ ...host.job({}), workdir: pod.workdir }, { go: '' });
  expect(await step.ended).toBe(0);
  await pod.endAgent('SIGTERM');
  expect(await pieces(host, 'stdout')).toEqual([MiB, 1_600_003 - MiB]);
});
