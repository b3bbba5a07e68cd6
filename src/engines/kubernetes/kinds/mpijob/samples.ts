import type { KubernetesSettings } from '../../../../domain/kubernetes-settings.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { sampleMpiOrder, sampleStaging } from '../../pod/sample-orders.ts';

interface MpiJobSample {
  readonly order: WorkOrder;
  readonly settings?: Partial<KubernetesSettings>;
}

/** For tests: what MPIJobs are made of. */
export const mpiJobSamples: Readonly<Record<string, MpiJobSample>> = {
  'two-nodes': { order: sampleMpiOrder() },
  'staged-with-limits': {
    order: sampleMpiOrder(
      { command: 'mpiexec -bind-to core', tasks: 8, nodes: 4, tasksPerNode: 2 },
      { staging: sampleStaging, outputs: ['s3://lab/run/out.txt'] },
      {
        memoryBytes: { value: 8 * 2 ** 30, stated: true },
        runtimeMs: { value: 60_000, stated: true },
        gpu: { count: 1 },
      },
    ),
  },
  'one-node': { order: sampleMpiOrder({ nodes: 1, tasks: 2 }, { operator: 'mpijob' }) },
  patched: {
    order: sampleMpiOrder(
      {},
      {
        security: 'baseline',
        topology: { mode: 'required', level: 'cloud.example.com/rack' },
        gates: ['example.com/budget'],
        pod: { nodeSelector: { zone: 'a' }, containers: [{ name: 'step', env: [{ name: 'LICENCE', value: 'host' }] }] },
      },
    ),
    settings: {
      runAs: { uid: 0, gid: 0 },
      volumes: [
        { name: 'data', mountPath: '/data', readOnly: false, source: { persistentVolumeClaim: { claimName: 'data' } } },
      ],
    },
  },
};
