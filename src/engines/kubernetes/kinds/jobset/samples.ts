import type { KubernetesSettings } from '../../../../domain/kubernetes-settings.ts';
import type { ServiceSpec } from '../../../../domain/service.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { sampleOrder, sampleStaging } from '../../pod/sample-orders.ts';

/** For tests: a Redis, changed. */
export function sampleService(more: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: 'db',
    image: 'redis:7',
    command: ['redis-server', '--port', '6379'],
    port: 6379,
    ready: { kind: 'tcp' },
    replicas: 1,
    startTimeoutMs: 60_000,
    ...more,
  };
}

const { image: _image, ...withoutImage } = sampleService();

interface JobSetSample {
  readonly order: WorkOrder;
  readonly settings?: Partial<KubernetesSettings>;
}

function order(spec: Partial<WorkOrder['spec']>): WorkOrder {
  return { ...sampleOrder(spec), kind: 'jobset' };
}

/** For tests: what JobSets are made of. */
export const jobSetSamples: Readonly<Record<string, JobSetSample>> = {
  'one-service': { order: order({ rule: 'load', services: [sampleService()] }) },
  'two-services': {
    order: order({
      rule: 'annotate',
      staging: sampleStaging,
      outputs: ['s3://lab/run/out.txt'],
      resources: { cpuMillis: 1000, runtimeMs: { value: 60_000, stated: true }, custom: {} },
      services: [
        sampleService({ memoryBytes: 2 ** 30, cpuMillis: 500, env: { REDIS_ARGS: '--save ""' } }),
        sampleService({
          name: 'model',
          image: 'python:3.12',
          command: ['sh', '-c', 'echo $$ $(hostname); exec python3 serve.py --port "$KONVERGE_SERVICE_MODEL_PORT"'],
          port: 0,
          ready: { kind: 'file', path: 'model.ready' },
          replicas: 3,
          startTimeoutMs: 120_000,
        }),
      ],
    }),
  },
  patched: {
    order: order({
      rule: 'load',
      security: 'baseline',
      topology: { mode: 'preferred', level: 'cloud.example.com/rack' },
      gates: ['example.com/budget'],
      pod: { nodeSelector: { zone: 'a' }, containers: [{ name: 'step', env: [{ name: 'LICENCE', value: 'host' }] }] },
      services: [withoutImage],
    }),
    settings: {
      serviceAccount: 'steps',
      pullSecrets: ['registry'],
      pullPolicy: 'Always',
      volumes: [
        { name: 'data', mountPath: '/data', readOnly: false, source: { persistentVolumeClaim: { claimName: 'data' } } },
      ],
      pod: { tolerations: [{ key: 'spot', operator: 'Exists' }] },
    },
  },
  'long-names': {
    order: order({
      rule: 'a rule with a name that is longer than what a label could hold, far longer in fact',
      services: [sampleService({ name: 'a-service-with-quite-a-long-name' }), sampleService({ name: 'step' })],
    }),
  },
  'no-services': { order: order({ rule: 'plain', operator: 'jobset' }) },
};
