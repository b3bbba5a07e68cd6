import * as z from 'zod';
import { asKonvergeError } from '../../../domain/error.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ClusterClient } from '../client/cluster-client.ts';

/**
 * Where Workloads stand in their queues, from Kueue's visibility API. It is asked on demand only, and a queue at most once in
 * `keepMs`: with a thousand steps that wait it would otherwise be most of our requests. Who may not read it, or has none, gets
 * no positions and no errors.
 */
export interface QueuePositions {
  /** `position 3 of 7 in queue user-queue`; undefined if it is not known, or not in the line. Never rejects. */
  sentence(queue: string, workload: string): Promise<string | undefined>;
  /** The same from what is known already, however old within `staleMs`; it has what is too old asked for again. */
  known(queue: string, workload: string): string | undefined;
}

/** For how long an answer is good. */
const keepMs = 20_000;
/** For how long an answer is better than none, while another one is fetched. */
const staleMs = 60_000;
/** After a refusal: nobody gains rights from one minute to the next. */
const deniedMs = 600_000;
const failedMs = 60_000;
/** As many as the server gives by default. Who is behind them is told so. */
const pageSize = 1000;

export interface QueueLine {
  /** By the Workload's name. */
  readonly positions: ReadonlyMap<string, { readonly inQueue: number; readonly inClusterQueue: number }>;
  /** Whether there may be more than the page holds. */
  readonly isCut: boolean;
}

interface Answer {
  readonly line: QueueLine | undefined;
  readonly askedAtMs: number;
  readonly goodUntilMs: number;
}

const Position = z.int().nonnegative();
const Summary = z.object({
  items: z
    .array(
      z.object({
        metadata: z.object({ name: z.string() }),
        positionInClusterQueue: Position.catch(0),
        positionInLocalQueue: Position,
      }),
    )
    .nullish(),
});

export function openQueuePositions(client: Pick<ClusterClient, 'read' | 'namespace'>, clock: Clock): QueuePositions {
  const answers = new Map<string, Answer>();
  const asked = new Map<string, Promise<Answer>>();

  async function fetch(queue: string): Promise<Answer> {
    const askedAtMs = clock.nowMs();
    try {
      // Short patience: a person waits for the sentence, and it is good without the position.
      const body = await client.read(pathOf(client.namespace, queue), { patienceMs: 1000 });
      const line = body === undefined ? undefined : parseLine(body);
      return { line, askedAtMs, goodUntilMs: askedAtMs + (line ? keepMs : deniedMs) };
    } catch (thrown) {
      const { code } = asKonvergeError(thrown);
      const pauseMs = code === 'cluster-forbidden' || code === 'crd-missing' ? deniedMs : failedMs;
      return { line: undefined, askedAtMs, goodUntilMs: askedAtMs + pauseMs };
    }
  }

  function refresh(queue: string): Promise<Answer> {
    const under = asked.get(queue);
    if (under) return under;
    const answer = fetch(queue).then((found) => {
      answers.set(queue, found);
      asked.delete(queue);
      return found;
    });
    asked.set(queue, answer);
    return answer;
  }

  function good(queue: string): Answer | undefined {
    const answer = answers.get(queue);
    return answer !== undefined && clock.nowMs() < answer.goodUntilMs ? answer : undefined;
  }

  return {
    async sentence(queue, workload) {
      const { line } = good(queue) ?? (await refresh(queue));
      return line && positionSentence(line, queue, workload);
    },
    known(queue, workload) {
      // `fetch` does not reject: what it cannot have it remembers as unknown.
      if (!good(queue)) void refresh(queue);
      const answer = answers.get(queue);
      if (answer?.line === undefined || clock.nowMs() - answer.askedAtMs > staleMs) return undefined;
      return positionSentence(answer.line, queue, workload);
    },
  };
}

function pathOf(namespace: string, queue: string): string {
  const [place, name] = [encodeURIComponent(namespace), encodeURIComponent(queue)];
  return `/apis/visibility.kueue.x-k8s.io/v1beta2/namespaces/${place}/localqueues/${name}/pendingworkloads?limit=${pageSize}`;
}

/** A PendingWorkloadsSummary (apis/visibility/v1beta2/types.go). Undefined if it is none. */
export function parseLine(body: unknown): QueueLine | undefined {
  const parsed = Summary.safeParse(body);
  if (!parsed.success) return undefined;
  const items = parsed.data.items ?? [];
  return {
    positions: new Map(
      items.map(({ metadata, positionInLocalQueue, positionInClusterQueue }) => [
        metadata.name,
        { inQueue: positionInLocalQueue, inClusterQueue: positionInClusterQueue },
      ]),
    ),
    isCut: items.length >= pageSize,
  };
}

/** Kueue counts from 0, people from 1. */
export function positionSentence(line: QueueLine, queue: string, workload: string): string | undefined {
  const total = line.positions.size;
  const position = line.positions.get(workload);
  if (position === undefined) return line.isCut ? `behind the first ${total} in queue ${queue}` : undefined;
  const others = position.inClusterQueue - position.inQueue;
  const ahead = others > 0 ? `, and ${others} of other queues before it` : '';
  return `position ${position.inQueue + 1} of ${total}${line.isCut ? ' or more' : ''} in queue ${queue}${ahead}`;
}
