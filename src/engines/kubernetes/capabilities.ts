import type { EngineCapabilities } from '../../ports/engine.ts';
import { servedKinds } from './kinds/registry.ts';

/** What Kubernetes does for every step. */
export function kubernetesCapabilities(): EngineCapabilities {
  return {
    kinds: servedKinds(),
    containers: { served: true, runtime: 'Kubernetes' },
    gpu: true,
    memoryLimit: 'kernel',
    processTracking: 'kernel',
    survivesCore: true,
  };
}
