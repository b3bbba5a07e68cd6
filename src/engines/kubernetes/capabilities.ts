import type { ServedKinds } from '../../domain/kind-selection.ts';
import type { EngineCapabilities } from '../../ports/engine.ts';
import { kueueQueueHints } from './kueue/queue-hints.ts';

/** What Kubernetes does for every step; `kinds` is what a cluster was found to serve. */
export function kubernetesCapabilities(kinds: ServedKinds): EngineCapabilities {
  return {
    kinds,
    containers: { served: true, runtime: 'Kubernetes' },
    gpu: true,
    nodes: 'apart',
    memoryLimit: 'kernel',
    processTracking: 'kernel',
    queueHints: kueueQueueHints,
    survivesCore: true,
  };
}
