import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { asKonvergeError } from '../../domain/error.ts';
import { containerNames } from '../../domain/pod-layout.ts';
import type { ClusterClient, LogReading } from './client/cluster-client.ts';
import type { FollowedStep } from './followed-step.ts';
import { streamLines } from './log-lines.ts';
import type { StepLogFiles } from './step-log-files.ts';

/** For people who look at a failure; all of a log is in storage. */
const lines = 10_000;
const patienceMs = 10_000;

/**
 * The end of a step's log from its newest pod, before the pod goes, into local files, where the front end looks for it. What
 * cannot be had is no error: then the report's last lines stand there, and which right is missing. Never rejects.
 */
export async function rescueLogs(step: FollowedStep, files: StepLogFiles, tail: string | undefined): Promise<void> {
  const pods = [...step.pods.values()].filter(({ object, gone }) => !gone && step.kind.roleOf(object) === 'main');
  const pod = pods.at(-1)?.object.metadata.name;
  const reading = { tailLines: lines, patienceMs, signal: AbortSignal.timeout(patienceMs) };
  await write(files, pod === undefined ? nothing : await agentLog(step.client, pod, reading), tail);
}

/**
 * The same of a pod that is about to be removed: it may write more when it is told to end, and takes its log with it. Ends
 * with the pod, or after `graceMs` and a little. Never rejects.
 */
export async function rescueLastLogs(
  client: Pick<ClusterClient, 'logs'>,
  pod: string,
  files: StepLogFiles,
  graceMs: number,
): Promise<void> {
  const reading = { tailLines: lines, follow: true, signal: AbortSignal.timeout(graceMs + patienceMs) };
  await write(files, await agentLog(client, pod, reading), undefined);
}

interface Log {
  readonly text: Uint8Array;
  /** Why it could not be read, where somebody can mend that. */
  readonly why?: string;
}

const nothing: Log = { text: Buffer.alloc(0) };

async function write(files: StepLogFiles, { text, why }: Log, tail: string | undefined): Promise<void> {
  const stdout = await taken(text, 'stdout');
  const stderr = await taken(text, 'stderr');
  const isEmpty = stdout.length + stderr.length === 0;
  mkdirSync(files.folder, { recursive: true });
  writeFileSync(files.stdout, stdout);
  writeFileSync(files.stderr, isEmpty && tail ? `${tail}\n` : stderr);
  if (why !== undefined) appendFileSync(files.stderr, `konverge: its log could not be read: ${why}\n`);
}

async function agentLog(
  client: Pick<ClusterClient, 'logs'>,
  pod: string,
  reading: Omit<LogReading, 'container'>,
): Promise<Log> {
  const chunks: Uint8Array[] = [];
  try {
    const log = client.logs(pod, { ...reading, container: containerNames.agent });
    for await (const chunk of log) chunks.push(chunk);
  } catch (thrown) {
    const { code, message } = asKonvergeError(thrown);
    if (code === 'cluster-forbidden') return { text: Buffer.concat(chunks), why: message };
    // The node is gone, or the pod went first.
  }
  return { text: Buffer.concat(chunks) };
}

async function taken(text: Uint8Array, stream: 'stdout' | 'stderr'): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  async function* source(): AsyncGenerator<Uint8Array> {
    yield text;
  }
  for await (const part of streamLines(source(), stream)) parts.push(part);
  return Buffer.concat(parts);
}
