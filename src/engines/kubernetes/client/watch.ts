import { StringDecoder } from 'node:string_decoder';
import { type Api, openStream } from './api.ts';
import { asRecord, CallFailure, failureOfStatus } from './call-failure.ts';
import type { ListOptions } from './cluster-client.ts';
import { readChunks } from './http.ts';
import type { ResourceType } from './object.ts';
import { doing, pathOf, withQuery } from './resource-path.ts';
import type { WatchEvent } from './watch-event.ts';

/**
 * One watch, from `resourceVersion` on; resolves when the server has agreed to it. It ends when the server ends it (after four
 * to five minutes, as asked), and throws a CallFailure if it breaks, is silent for `silenceMs`, or tells an error.
 */
export async function openWatch(
  api: Api,
  type: ResourceType,
  options: ListOptions,
  from: { readonly resourceVersion: string; readonly silenceMs: number; readonly signal: AbortSignal },
): Promise<AsyncIterable<WatchEvent>> {
  const target = { type, namespace: options.namespace ?? api.namespace };
  const path = withQuery(pathOf(target), {
    watch: 1,
    allowWatchBookmarks: true,
    resourceVersion: from.resourceVersion,
    // Not the same for all watches, or they would all be made anew at the same moment.
    timeoutSeconds: 240 + Math.floor(Math.random() * 60),
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  });
  const request = { path, doing: doing('watch', target), signal: from.signal };
  const answer = await openStream(api, request, { answerMs: 30_000, silenceMs: from.silenceMs });
  return eventsOf(readChunks(answer, from.signal));
}

/** A line of JSON for each event. */
export async function* eventsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent> {
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  for await (const chunk of chunks) {
    const lines = decoder.write(chunk).split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      const whole = pieces.length === 0 ? line : pieces.join('') + line;
      pieces = [];
      if (whole.trim() !== '') yield eventOf(whole);
    }
    if (last !== '') pieces.push(last);
  }
  // Half an event at the end is none: the next watch begins before it.
}

function eventOf(line: string): WatchEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new CallFailure('garbage', `a watch with a line that is not JSON (${line.length} characters)`, {
      cause: error,
    });
  }
  const { type, object } = asRecord(parsed);
  const record = asRecord(object);
  if (type === 'ERROR') throw failureOfStatus(record);
  const { resourceVersion, name } = asRecord(record['metadata']);
  const known = type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK';
  if (!known || typeof resourceVersion !== 'string' || (type !== 'BOOKMARK' && typeof name !== 'string')) {
    throw new CallFailure('garbage', 'a watch with an event that has no type, name or resourceVersion');
  }
  return { type, object: record as WatchEvent['object'], resourceVersion };
}
