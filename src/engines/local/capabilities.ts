import { allKindsServed } from '../../domain/kind-selection.ts';
import type { EngineCapabilities } from '../../ports/engine.ts';
import { localQueueHints } from './queue-hints.ts';
import type { RunContext } from './run-context.ts';

/**
 * What this machine serves. All kinds: services run beside the application as processes, and mpirun starts all ranks on this
 * host, whatever operator would do it on a cluster.
 */
export function localCapabilities({ cgroups, config, containers, machine }: RunContext): EngineCapabilities {
  const { memory, trackingParent } = cgroups.support;
  return {
    kinds: allKindsServed(),
    // Probing takes a moment: only who asks pays.
    get containers() {
      const runtime = containers();
      return runtime.works
        ? { served: true as const, runtime: runtime.name }
        : { served: false as const, reason: runtime.reason };
    },
    gpu: machine.quota.gpu > 0 || config.queues.some(({ quota }) => quota.gpu > 0),
    nodes: 'together',
    memoryLimit: memory === undefined ? 'watched' : 'kernel',
    processTracking: trackingParent === undefined ? 'scan' : 'kernel',
    queueHints: localQueueHints,
    survivesCore: true,
  };
}
