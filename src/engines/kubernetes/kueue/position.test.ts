import { expect, test } from 'vitest';
import { KonvergeError } from '../../../domain/error.ts';
import { openQueuePositions, parseLine, positionSentence } from './position.ts';

/** As Kueue 0.19 answers (facts of the testbed). */
const answer = {
  apiVersion: 'visibility.kueue.x-k8s.io/v1beta2',
  kind: 'PendingWorkloadsSummary',
  metadata: {},
  items: [item('job-a-1', 0, 0), item('job-b-2', 1, 3), item('job-c-3', 2, 4)],
};

function item(name: string, positionInLocalQueue: number, positionInClusterQueue: number) {
  return {
    metadata: { name, namespace: 'team', creationTimestamp: '2026-11-24T02:00:00Z' },
    priority: 0,
    localQueueName: 'main',
    positionInClusterQueue,
    positionInLocalQueue,
  };
}

/** A server that answers with what it is given, one after another, and counts. */
function server(answers: readonly unknown[]) {
  const paths: string[] = [];
  return {
    paths,
    namespace: 'team',
    read: (path: string): Promise<unknown> => {
      paths.push(path);
      const next = answers[Math.min(paths.length, answers.length) - 1];
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
  };
}

test('the sentence counts from one and names who else is before it', async () => {
  const client = server([answer]);
  const positions = openQueuePositions(client, { nowMs: () => 0 });
  expect(await positions.sentence('main', 'job-a-1')).toBe('position 1 of 3 in queue main');
  expect(await positions.sentence('main', 'job-b-2')).toBe(
    'position 2 of 3 in queue main, and 2 of other queues before it',
  );
  expect(await positions.sentence('main', 'job-x')).toBeUndefined();
  expect(client.paths).toEqual([
    '/apis/visibility.kueue.x-k8s.io/v1beta2/namespaces/team/localqueues/main/pendingworkloads?limit=1000',
  ]);
});

test('a thousand questions in a minute are at most three requests a queue', async () => {
  const client = server([answer]);
  let nowMs = 0;
  const positions = openQueuePositions(client, { nowMs: () => nowMs });
  for (let n = 0; n < 1000; n++) {
    nowMs = n * 60;
    await positions.sentence('main', 'job-a-1');
    positions.known('main', 'job-b-2');
  }
  expect(client.paths.length).toBeLessThanOrEqual(3);
});

test('questions at the same time share one request', async () => {
  const client = server([answer]);
  const positions = openQueuePositions(client, { nowMs: () => 0 });
  expect(positions.known('main', 'job-a-1')).toBeUndefined();
  const all = await Promise.all([positions.sentence('main', 'job-a-1'), positions.sentence('main', 'job-c-3')]);
  expect(all.every((sentence) => sentence !== undefined)).toBe(true);
  expect(positions.known('main', 'job-c-3')).toContain('position 3 of 3');
  expect(client.paths).toHaveLength(1);
});

test.each([
  ['forbidden', new KonvergeError('cluster-forbidden', 'no'), 600_000],
  ['absent', undefined, 600_000],
  ['down', new KonvergeError('cluster-unavailable', 'later'), 60_000],
  ['something else', { items: 'many' }, 600_000],
])('a visibility API that is %s is left alone for a while', async (_name, first, pauseMs) => {
  const client = server([first, answer]);
  let nowMs = 0;
  const positions = openQueuePositions(client, { nowMs: () => nowMs });
  expect(await positions.sentence('main', 'job-a-1')).toBeUndefined();
  nowMs = pauseMs - 1;
  expect(await positions.sentence('main', 'job-a-1')).toBeUndefined();
  expect(client.paths).toHaveLength(1);
  nowMs = pauseMs;
  expect(await positions.sentence('main', 'job-a-1')).toContain('position 1');
});

test('who is not on the first page is told so', () => {
  const items = Array.from({ length: 1000 }, (_none, n) => item(`job-${n}`, n, n));
  const line = parseLine({ items });
  expect(line && positionSentence(line, 'main', 'job-1000')).toBe('behind the first 1000 in queue main');
  expect(line && positionSentence(line, 'main', 'job-999')).toBe('position 1000 of 1000 or more in queue main');
  expect(parseLine({ items: null })?.positions.size).toBe(0);
  expect(parseLine('no')).toBeUndefined();
});
