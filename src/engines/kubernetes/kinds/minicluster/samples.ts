import type { KubernetesSettings } from '../../../../domain/kubernetes-settings.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { sampleMpiOrder, sampleOrder, sampleStaging } from '../../pod/sample-orders.ts';

interface MiniClusterSample {
  readonly order: WorkOrder;
  readonly settings?: Partial<KubernetesSettings>;
}

/** For tests: an order of a step that runs in a Flux instance. */
export function sampleFluxOrder(...changes: Parameters<typeof sampleMpiOrder>): WorkOrder {
  return { ...sampleMpiOrder(...changes), kind: 'minicluster' };
}

/** For tests: what MiniClusters are made of. */
export const miniClusterSamples: Readonly<Record<string, MiniClusterSample>> = {
  'two-pods': { order: sampleFluxOrder() },
  'image-has-flux': { order: sampleFluxOrder({}, { fluxView: 'none' }) },
  'staged-with-limits': {
    order: sampleFluxOrder(
      { command: 'flux run', tasks: 8, nodes: 4, tasksPerNode: 2 },
      { staging: sampleStaging, outputs: ['s3://lab/run/out.txt'] },
      {
        memoryBytes: { value: 8 * 2 ** 30, stated: true },
        runtimeMs: { value: 60_000, stated: true },
        gpu: { count: 1 },
      },
    ),
  },
  'not-mpi': {
    order: {
      ...sampleOrder({ rule: 'hello', operator: 'flux-operator', staging: sampleStaging }),
      kind: 'minicluster',
    },
  },
  patched: {
    order: sampleFluxOrder(
      {},
      {
        priorityClass: 'high',
        topology: { mode: 'required', level: 'cloud.example.com/rack' },
        pod: { nodeSelector: { zone: 'a' }, tolerations: [{ key: 'flux', operator: 'Exists' }] },
      },
    ),
    settings: {
      fluxView: 'registry.example.com/flux-view:noble',
      pullSecrets: ['registry'],
      pullPolicy: 'Always',
      volumes: [
        { name: 'data', mountPath: '/data', readOnly: true, source: { persistentVolumeClaim: { claimName: 'lab' } } },
        { name: 'settings', mountPath: '/settings', readOnly: false, source: { configMap: { name: 'of-lab' } } },
      ],
    },
  },
};
