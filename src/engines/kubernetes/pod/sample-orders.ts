import type { StepId } from '../../../domain/brand.ts';
import type { GroupMember } from '../../../domain/group.ts';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { MpiRequest, ResourceRequest } from '../../../domain/resources.ts';
import type { StagingPlan } from '../../../domain/staging.ts';
import type { StepSpec } from '../../../domain/step.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import type { PodContext } from './pod-context.ts';

/** For tests: orders as front ends make them, one per thing that changes a manifest. */
export const sampleSettings: KubernetesSettings = {
  agentImage: 'konverge/agent:1',
  defaultImage: 'python:3.12-slim',
  snakemakeImage: 'konverge/snakemake:1',
  runAs: { uid: 1000, gid: 1000 },
  security: 'restricted',
  pullSecrets: [],
  volumes: [],
  imageTimeoutMs: 300_000,
  logLimitBytes: 2 ** 28,
  graceMs: 30_000,
};

export const sampleContext: PodContext = { run: 'f00dcafe', namespace: 'team-a', queue: 'user-queue' };

export function sampleOrder(spec: Partial<StepSpec> = {}, id = '0123456789abcdef-a1-g1'): WorkOrder {
  return {
    id: id as StepId,
    kind: 'job',
    queue: 'user-queue',
    sequence: 1,
    spec: {
      ref: '1',
      rule: 'align',
      label: 'align sample=a',
      attempt: 1,
      priority: 0,
      inputs: [],
      outputs: [],
      logs: [],
      resources: { cpuMillis: 1000, memoryBytes: { value: 1e9, stated: false }, custom: {} },
      execution: {
        mode: 'direct',
        shell: '/usr/bin/bash',
        commands: ['set -euo pipefail;  sort -u in.txt > out.txt'],
      },
      cwd: '/home/ann/project',
      env: { OMP_NUM_THREADS: '1', TMPDIR: '/tmp' },
      services: [],
      benchmark: false,
      ...spec,
    },
  };
}

/** An order of an MPI step, of four tasks on two nodes unless it is said otherwise. */
export function sampleMpiOrder(
  mpi: Partial<MpiRequest> = {},
  spec: Partial<StepSpec> = {},
  request: Partial<ResourceRequest> = {},
): WorkOrder {
  const resources = {
    cpuMillis: 1000,
    custom: {},
    mpi: { command: 'mpirun', tasks: 4, nodes: 2, ...mpi },
    ...request,
  };
  return { ...sampleOrder({ rule: 'simulate', container: 'lammps:1', resources, ...spec }), kind: 'mpijob' };
}

const at = (key: string) => ({ store: 's3', bucket: 'lab', key });

export const sampleStaging: StagingPlan = {
  by: 'agent',
  area: at('run/.konverge/'),
  inputs: [{ path: 'in.txt', at: at('run/in.txt') }],
  outputs: [{ path: 'out.txt', at: at('run/out.txt'), kind: 'file', touch: false, update: false }],
  logs: [],
  inner: [],
};

export function sampleMember(name: string, command: string): GroupMember {
  return {
    name,
    shell: '/usr/bin/bash',
    commands: [`set -euo pipefail; ${command}`],
    env: {},
    threads: 1,
    touch: [],
    logs: [],
    pipes: [],
    service: false,
    ready: [],
  };
}

interface Sample {
  readonly order: WorkOrder;
  readonly settings?: Partial<KubernetesSettings>;
}

const gibibyte = 2 ** 30;

export const samples: Readonly<Record<string, Sample>> = {
  plain: { order: sampleOrder() },
  gpu: {
    order: sampleOrder({
      rule: 'train',
      container: 'tensorflow/tensorflow:2.17.0-gpu',
      priorityClass: 'high',
      resources: {
        cpuMillis: 4000,
        memoryBytes: { value: 16 * gibibyte, stated: true },
        diskBytes: { value: 20e9, stated: true },
        runtimeMs: { value: 90 * 60_000, stated: true },
        gpu: { count: 2, vendor: 'nvidia', model: 'NVIDIA A100-SXM4-80GB' },
        custom: { 'example.com/licence': 1, tokens: 3 },
      },
    }),
  },
  staged: { order: sampleOrder({ staging: sampleStaging, outputs: ['s3://lab/run/out.txt'] }) },
  group: {
    order: sampleOrder({
      rule: 'prepare_and_align',
      staging: sampleStaging,
      resources: { cpuMillis: 2000, custom: {} },
      execution: {
        mode: 'group',
        levels: [
          [sampleMember('a', 'echo a > a'), sampleMember('b', 'echo b > b')],
          [sampleMember('c', 'cat a b > c')],
        ],
      },
    }),
  },
  fallback: {
    order: sampleOrder({
      rule: 'plot',
      container: 'r-base:4.4',
      staging: { ...sampleStaging, by: 'step' },
      execution: {
        mode: 'fallback',
        command: 'python -m snakemake plot.svg --mode remote',
        reasons: ['it has a script'],
        digest: 'd1',
      },
    }),
  },
  'in-place': {
    order: sampleOrder({ cwd: '/data/ann/project', outputs: ['out.txt'] }),
    settings: {
      volumes: [
        { name: 'data', mountPath: '/data', readOnly: false, source: { persistentVolumeClaim: { claimName: 'data' } } },
        { name: 'references', mountPath: '/ref', readOnly: true, source: { configMap: { name: 'references' } } },
      ],
    },
  },
  patched: {
    order: sampleOrder({
      gates: ['example.com/budget', 'lab/data'],
      pod: {
        nodeSelector: { zone: 'a' },
        containers: [{ name: 'step', env: [{ name: 'LICENCE', value: 'host' }], resources: { limits: { cpu: '2' } } }],
      },
    }),
    settings: {
      serviceAccount: 'steps',
      pullSecrets: ['registry'],
      pullPolicy: 'Always',
      priorityClass: 'low',
      pod: {
        metadata: { labels: { team: 'a' } },
        tolerations: [{ key: 'spot', operator: 'Exists' }],
        volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Gi' } }],
        containers: [{ name: 'step', volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }],
        initContainers: [
          {
            name: 'warm-up',
            image: 'busybox:1.37',
            command: ['true'],
            resources: { requests: { cpu: '10m', memory: '16Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  },
  baseline: { order: sampleOrder({ rule: '2nd_pass', security: 'baseline' }) },
};
