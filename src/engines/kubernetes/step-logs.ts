import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepId } from '../../domain/brand.ts';
import { containerNames } from '../../domain/pod-layout.ts';
import type { LogOptions } from '../../ports/engine.ts';
import { areaOf, type Staging } from '../../ports/staging.ts';
import type { FollowedStep } from './followed-step.ts';
import { streamLines } from './log-lines.ts';
import { readPod } from './observe/pod.ts';
import { logFilesOf, whereLogsAre } from './step-log-files.ts';

const chunkBytes = 64 * 1024;

export interface LogSources {
  readonly stateDir: string;
  readonly staging: Staging;
  /** The step, while it is in flight. */
  step(): FollowedStep | undefined;
  /** Resolves with the next change of the step. */
  changed(signal: AbortSignal | undefined): Promise<void>;
}

/**
 * The log of a step. While it is in flight: live, from its pod's agent. After that: all of it, from storage; or what was saved
 * of it when it failed.
 */
export async function* readStepLog(id: StepId, sources: LogSources, options: LogOptions): AsyncGenerator<Uint8Array> {
  const { stream, signal } = options;
  const step = sources.step();
  const chunks = step && step.phase !== 'over' ? liveLog(step, sources, options) : pastLog(id, sources, stream, signal);
  yield* from(chunks, options.offset ?? 0);
}

async function* liveLog(step: FollowedStep, sources: LogSources, options: LogOptions): AsyncGenerator<Uint8Array> {
  const { stream, follow, signal } = options;
  for (;;) {
    const pod = podWithLog(step);
    if (pod !== undefined) {
      const log = step.client.logs(pod, { container: containerNames.agent, follow, ...(signal && { signal }) });
      yield* streamLines(log, stream);
      return;
    }
    if (!follow || signal?.aborted || step.phase === 'over' || step.phase === 'cancelled') return;
    await sources.changed(signal);
  }
}

/** One whose agent has begun. */
export function podWithLog(step: FollowedStep): string | undefined {
  for (const { object, gone } of step.pods.values()) {
    if (gone || step.kind.roleOf(object) !== 'main') continue;
    const { agent } = readPod(object, gone, step.kind.containers?.(step.name));
    if (agent?.running || agent?.terminated) return object.metadata.name;
  }
  return undefined;
}

async function* pastLog(
  id: StepId,
  { stateDir, staging }: LogSources,
  stream: 'stdout' | 'stderr',
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const files = logFilesOf(stateDir, id);
  const at = whereLogsAre(files);
  const path = files[stream];
  // In storage is all of it; here only what was worth showing with a failure.
  if (at !== undefined && staging.configured) {
    const whole = join(files.folder, `${stream}-${randomUUID()}.part`);
    try {
      await staging.bring(areaOf(at, `${stream}/`), whole, signal ?? new AbortController().signal);
      yield* bytesOf(whole);
    } finally {
      rmSync(whole, { force: true });
    }
    return;
  }
  if (existsSync(path)) yield* bytesOf(path);
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    for (let position = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* from(chunks: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array> {
  let left = offset;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
