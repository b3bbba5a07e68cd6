import { miniClusterSchema } from './definition.ts';
import type { MiniCluster, MiniClusterSpec } from './minicluster.ts';
import { withDefaults } from './schema.ts';
import { type SettledCluster, settle } from './settle.ts';

const image = 'docker.io/konverge/flux:dev';

/** A step's command from a ConfigMap, and an agent beside it, as was proven with the real operator. */
const step: MiniClusterSpec = {
  size: 2,
  tasks: 2,
  jobLabels: { 'kueue.x-k8s.io/queue-name': 'main' },
  backoffLimit: 1,
  deadlineSeconds: 600,
  shareProcessNamespace: true,
  logging: { strict: true, quiet: true },
  network: { headlessName: 'step-f' },
  flux: { noWaitSocket: true, optionFlags: '-o cpu-affinity=off', container: { disable: true, image } },
  pod: { restartPolicy: 'Never' },
  containers: [
    {
      image,
      runFlux: true,
      launcher: true,
      command: 'bash /step/run.sh',
      volumes: { 'step-f': { configMapName: 'step-f', path: '/step', items: { run: 'run.sh', agent: 'agent.sh' } } },
      resources: { requests: { cpu: '1', memory: '256Mi' } },
    },
    {
      name: 'agent',
      image: 'docker.io/konverge/agent:dev',
      command: 'bash /step/agent.sh',
      volumes: { relay: { secretName: 'relay', path: '/secret' } },
    },
  ],
};

const everything: MiniClusterSpec = {
  size: 2,
  maxSize: 4,
  minSize: 1,
  tasks: 1,
  interactive: true,
  archive: { path: '/state/archive.tgz' },
  logging: { debug: true, timed: true, zeromq: true },
  network: { disableAffinity: true },
  flux: {
    wrap: 'strace',
    submitCommand: 'flux run',
    topology: 'kary:2',
    completeWorkers: true,
    disableSocket: true,
    minimalService: true,
    logLevel: 7,
    environment: { LEVEL: 'high' },
    scheduler: { simple: true, queuePolicy: 'easy' },
    container: { name: 'view', mountPath: '/mnt/flux', pythonPath: '/py', pullAlways: true },
  },
  pod: {
    annotations: { note: 'yes' },
    labels: { team: 'a', app: 'overwritten' },
    serviceAccountName: 'runner',
    automountServiceAccountToken: true,
    runtimeClassName: 'fast',
    schedulerName: 'other',
    dnsPolicy: 'Default',
    nodeSelector: { disk: 'ssd' },
    nodeAffinity: { zone: ['a', 'b'] },
    tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
    hostIPC: true,
    resources: { cpu: '1' },
    securityContext: { fsGroup: 1000 },
  },
  services: [
    {
      name: 'db',
      image: 'db',
      command: 'ignored',
      ports: [5432],
      volumes: { data: { hostPath: '/data', path: '/data' } },
    },
  ],
  containers: [
    {
      image,
      runFlux: true,
      command: 'app "$HOME" *',
      workingDir: '/work',
      imagePullSecret: 'pull',
      environment: { A: '1' },
      secrets: { TOKEN: { name: 's', key: 'token' } },
      commands: {
        init: 'echo init',
        pre: 'echo pre',
        brokerPre: 'echo lead',
        workerPre: 'echo other',
        post: 'echo post',
        prefix: 'nice',
      },
      volumes: {
        memory: { emptyDir: true, emptyDirMedium: 'memory', emptyDirSizeLimit: '1Gi' },
        claim: { claimName: 'c', path: '/c', readOnly: true },
      },
      lifeCycle: { postStartExec: 'hello', preStopExec: 'bye' },
    },
    {
      name: 'side',
      image: 'side',
      command: 'side --run',
      ports: [80],
      commands: { init: 'echo i', servicePre: 'echo s', post: 'echo p' },
    },
    { name: 'bare', image: 'bare', command: 'ignored', noWrapEntrypoint: true, imagePullPolicy: 'Always' },
  ],
};

/** Specs as users write them. */
export const samples = {
  least: { containers: [{ image, command: 'hostname' }] },
  step,
  everything,
  batch: { size: 2, tasks: 0, containers: [{ image, batch: true, command: 'echo one\necho two' }] },
} as const satisfies Readonly<Record<string, MiniClusterSpec>>;

/** As the API server has it. */
export function clusterOf(spec: MiniClusterSpec, name = 'sample'): MiniCluster {
  const cluster = {
    apiVersion: 'flux-framework.org/v1alpha2',
    kind: 'MiniCluster',
    metadata: { name, namespace: 'work', uid: 'the-uid' },
    spec,
  };
  return withDefaults(miniClusterSchema(), cluster) as MiniCluster;
}

/** As the controller sees it. */
export function settledOf(spec: MiniClusterSpec, name?: string): SettledCluster {
  const settled = settle(clusterOf(spec, name));
  if ('complaints' in settled) throw new Error(settled.complaints.join('; '));
  return settled.cluster;
}
