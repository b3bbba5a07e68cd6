import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FaultyStore } from './faulty-store.ts';
import { type LiveAgent, never } from './live-agent.ts';

const faulty = FaultyStore.forThisFile();
const start = (): LiveAgent => faulty.start();

test('a core that died before it noted the upload finds it again, although the directory has gone', async () => {
  const agent = start();
  const job = agent.job({ outputs: [agent.output('o')] });
  await agent.client.stage(job, never);
  agent.write(job, { o: 'content' });
  const first = await agent.collect(job);
  await agent.client.forget(job.step, job.workdir);
  expect(await agent.collect(job)).toEqual(first);
  expect(await agent.openUploads()).toBe(1);
  await agent.commit(first);
  expect(await agent.content('o')).toBe('content');
});

test('a directory that has gone before anything was uploaded has the step run again', async () => {
  const agent = start();
  const job = agent.job({ outputs: [agent.output('o')] });
  await agent.client.stage(job, never);
  rmSync(job.workdir, { recursive: true });
  await expect(agent.collect(job)).rejects.toMatchObject({ code: 'agent-lost' });
  expect([await agent.openUploads(), await agent.manifests()]).toEqual([0, 0]);
});
