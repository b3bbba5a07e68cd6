import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { followerMark } from '../../domain/pod-layout.ts';
import { Agent } from '../agent.ts';
import { readPodJob } from './pod-job-file.ts';
import { PodNotes } from './pod-notes.ts';
import { errorOf, type PodSurroundings, stagingOf } from './run-pod.ts';

/**
 * The life of the agent in a follower's pod: it brings the inputs, and says in a file that they are there, or why not. Who starts
 * ranks in this pod reads it first. Rejects only if `stop` is aborted.
 */
export async function follow(pod: PodSurroundings, stop: AbortSignal): Promise<void> {
  const { layout } = pod;
  let words = 'go';
  try {
    const job = readPodJob(layout.agentConfig);
    pod.useEnvironment(job.environment);
    const staging = stagingOf(pod, job, new PodNotes(layout.agentState));
    if (staging !== undefined) {
      const agent = new Agent(layout.agentState, pod.openers, pod.logger);
      agent.configure({ stores: job.stores });
      await agent.carryOut({ method: 'stage', job: staging }, stop);
    } else if (job.workdir === layout.work) mkdirSync(job.workdir, { recursive: true });
  } catch (error) {
    stop.throwIfAborted();
    const { code, message } = errorOf(pod.logger, error);
    words = `refused ${code} ${message.replaceAll(/\s+/g, ' ')}`;
  }
  const mark = join(layout.marks, followerMark);
  writeFileSync(`${mark}.new`, `${words}\n`);
  renameSync(`${mark}.new`, mark);
}
