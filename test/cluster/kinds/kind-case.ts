// What the tests of kinds of several pods have in common.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { isRecord } from '../../../src/engines/kubernetes/kueue/condition.ts';
import { annotationKeys, labelKeys } from '../../../src/engines/kubernetes/labels.ts';
import { ClusterHarness, faultTest, type HarnessOptions } from '../engine/harness.ts';
import type { EnginePlace, PlaceQueue } from '../engine/place.ts';

let cases = 0;

export interface KindCaseOptions extends Omit<HarnessOptions, 'queue'> {
  /** The quota of the case; absent: much. */
  readonly quota?: PlaceQueue;
}

/** A case with a queue of its own, of which nothing is reserved when it is over, however it went. */
export function kindTest(
  place: () => EnginePlace,
  name: string,
  body: (harness: ClusterHarness, queue: string) => Promise<void>,
  { quota, ...options }: KindCaseOptions = {},
): void {
  const queue = `case-${cases++}`;
  faultTest(name, async () => {
    await place().makeQueue(queue, quota);
    {
      await using harness = await ClusterHarness.open(place(), { ...options, queue });
      await body(harness, queue);
    }
    await quotaIsFree(place(), queue);
  });
}

async function quotaIsFree({ client, clusterQueueOf }: EnginePlace, queue: string): Promise<void> {
  await vi.waitFor(async () => {
    const { status } = (await client.get(resources.clusterQueues, clusterQueueOf(queue))) ?? {};
    const flavors = status?.['flavorsReservation'];
    const totals = (Array.isArray(flavors) ? flavors.filter(isRecord) : []).flatMap(({ resources: amounts }) =>
      (Array.isArray(amounts) ? amounts.filter(isRecord) : []).map(({ total }) => String(total)),
    );
    expect(totals).toEqual(totals.map(() => '0'));
    expect(totals.length).toBeGreaterThan(0);
    expect(status?.['reservingWorkloads'] ?? 0).toBe(0);
  }, 60_000);
}

/** Of a step: all, or those of a service. */
export async function podsOf(
  { client }: EnginePlace,
  id: string,
  service?: string,
): Promise<readonly KubernetesObject[]> {
  const { items } = await client.list(resources.pods);
  return items.filter(
    ({ metadata }) =>
      metadata.annotations?.[annotationKeys.step] === id &&
      (service === undefined || metadata.labels?.[labelKeys.service] === service),
  );
}

/** As `kubectl drain` does it. */
export async function evict({ kubeconfig, namespace }: EnginePlace, pod: string): Promise<void> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
  const kubectl = process.env['KONVERGE_TEST_KUBECTL'] ?? 'kubectl';
  const done = promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, 'create', '--raw', path, '-f', '-']);
  done.child.stdin?.end(JSON.stringify(eviction));
  await done;
}
