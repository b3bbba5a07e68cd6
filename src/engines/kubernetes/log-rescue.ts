import { mkdirSync, writeFileSync } from 'node:fs';
import { containerNames } from '../../domain/pod-layout.ts';
import type { ClusterClient } from './client/cluster-client.ts';
import type { FollowedStep } from './followed-step.ts';
import { streamLines } from './log-lines.ts';
import type { StepLogFiles } from './step-log-files.ts';

/** For people who look at a failure; all of a log is in storage. */
const lines = 10_000;
const patienceMs = 10_000;

/**
 * The end of a step's log from its newest pod, before the pod goes, into local files, where the front end looks for it. What
 * cannot be had is no error: then the report's last lines stand there. Never rejects.
 */
export async function rescueLogs(
  client: Pick<ClusterClient, 'logs'>,
  step: FollowedStep,
  files: StepLogFiles,
  tail: string | undefined,
): Promise<void> {
  const text = (await agentLog(client, step)) ?? Buffer.alloc(0);
  const stdout = await taken(text, 'stdout');
  const stderr = await taken(text, 'stderr');
  mkdirSync(files.folder, { recursive: true });
  writeFileSync(files.stdout, stdout);
  writeFileSync(files.stderr, stdout.length + stderr.length === 0 ? `${tail ?? ''}\n` : stderr);
}

async function agentLog(client: Pick<ClusterClient, 'logs'>, step: FollowedStep): Promise<Buffer | undefined> {
  const pods = [...step.pods.values()].filter(({ object, gone }) => !gone && step.kind.isMain(object));
  const name = pods.at(-1)?.object.metadata.name;
  if (name === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  try {
    const log = client.logs(name, {
      container: containerNames.agent,
      tailLines: lines,
      patienceMs,
      signal: AbortSignal.timeout(patienceMs),
    });
    for await (const chunk of log) chunks.push(chunk);
  } catch {
    // The node is gone, or the pod went first.
  }
  return chunks.length === 0 ? undefined : Buffer.concat(chunks);
}

async function taken(text: Uint8Array, stream: 'stdout' | 'stderr'): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  async function* source(): AsyncGenerator<Uint8Array> {
    yield text;
  }
  for await (const part of streamLines(source(), stream)) parts.push(part);
  return Buffer.concat(parts);
}
