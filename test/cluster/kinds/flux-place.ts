import { afterAll, beforeAll } from 'vitest';
import { referenceOf } from '../../../images/recipe.ts';
import type { ClusterClient } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { within } from '../../../src/engines/kubernetes/client/within.ts';
import { namespaces, testKubeconfig } from '../cluster.ts';
import { type EnginePlace, type PlaceQueue, useEnginePlace } from '../engine/place.ts';

/** With Flux, bash, Python, mpi4py and tar. On the testbed Flux is a stub; `npm run test:flux` may name another image. */
export const fluxImage = process.env['KONVERGE_TEST_FLUX_IMAGE'] ?? referenceOf('flux');
/** A view of Flux, for images that have none; `none`: there is none to test with. */
export const fluxView = process.env['KONVERGE_TEST_FLUX_VIEW'] ?? referenceOf('flux-view');

export interface FluxPlace extends EnginePlace {
  /** In the namespace of the MiniClusters. */
  readonly flux: ClusterClient;
}

/** As useEnginePlace, with a namespace for MiniClusters beside it whose queues are the same. */
export function useFluxPlace(label: string, queues: Readonly<Record<string, PlaceQueue>> = {}): () => FluxPlace {
  const place = useEnginePlace(label, queues);
  let flux: ClusterClient | undefined;

  beforeAll(async () => {
    if (testKubeconfig === undefined) return;
    const { client, namespace, clusterQueueOf } = place();
    const made = within(client, `${namespace}-flux`);
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: made.namespace } });
    for (const queue of ['main', ...Object.keys(queues)]) {
      await made.create(resources.localQueues, {
        apiVersion: 'kueue.x-k8s.io/v1beta2',
        kind: 'LocalQueue',
        metadata: { name: queue },
        spec: { clusterQueue: clusterQueueOf(queue) },
      });
    }
    flux = made;
  }, 60_000);

  afterAll(async () => {
    if (flux === undefined) return;
    await flux.removeAll(resources.miniClusters, { labelSelector: 'app.kubernetes.io/managed-by=konverge' });
    await flux.remove(namespaces, flux.namespace);
  }, 60_000);

  return () => {
    const made = place();
    if (flux === undefined) throw new Error('only for tests that need a cluster: use clusterTest');
    return { ...made, flux };
  };
}
