import type { StepRequest } from '../../src/frontends/snakemake/step-request.ts';

/** A step as Snakemake asks for it, by what it looks like: what stands in a rule, in konverge.yaml, on the command line. */
export interface Shape {
  readonly resources?: Readonly<Record<string, string | number>>;
  /** What Snakemake adds where the rule says nothing. */
  readonly defaults?: Readonly<Record<string, string | number>>;
  readonly request?: Partial<Omit<StepRequest, 'resources'>>;
  readonly yaml?: string;
  readonly session?: { readonly queue?: string; readonly priority?: string; readonly image?: string };
  /** Kinds that the cluster does not serve, with the reason. */
  readonly unserved?: Readonly<Record<string, string>>;
}

const services = `services:
  db: { image: "redis:7", command: [redis-server], port: 6379 }
  model: { command: [serve], replicas: 3, cpu: 2, memory: 4Gi, ready: { file: model.ready }, start_timeout: 2m }
`;
const volumes =
  'kubernetes: { volumes: [{ name: home, mount_path: /home/ann, persistentVolumeClaim: { claimName: home } }] }\n';
const at = (key: string) => ({ store: 's3', bucket: 'lab', key });
/** Where a shape says nothing of it: files in a bucket. */
export const staging: NonNullable<StepRequest['staging']> = {
  by: 'agent',
  area: at('run/.konverge/'),
  inputs: [{ path: 'in.txt', at: at('run/in.txt') }],
  outputs: [{ path: 'out.txt', at: at('run/out.txt'), kind: 'file', touch: false, update: false }],
  logs: [{ path: 'step.log', at: at('run/step.log') }],
  inner: [],
};
const member = (name: string, command: string) => ({
  name,
  shell: '/bin/bash',
  commands: [command],
  env: {},
  threads: 1,
  touch: [],
  logs: [],
  pipes: [],
  service: false,
  ready: [],
});
const group: Partial<StepRequest> = {
  rule: 'prepare_and_map',
  label: 'prepare_and_map',
  execution: {
    mode: 'group',
    levels: [[member('a', 'echo a > a'), member('b', 'echo b > b')], [member('c', 'cat a b')]],
  },
};
const fallback: Partial<StepRequest> = {
  execution: {
    mode: 'fallback',
    command: 'python -m snakemake out.txt --mode remote',
    reasons: ['it has a run block'],
    digest: 'd1',
  },
};
const flux = { kueue_operator: 'flux-operator', mpi: 'mpirun' };
const snakemakeDefaults = { mem_mb: 8000, mem_mib: 7630, disk_mb: 50_000, disk_mib: 47_684, tmpdir: '/tmp' };

/** What goes to a Kubernetes cluster, as it comes: forty and some shapes that rules have. */
export const shapes: Readonly<Record<string, Shape>> = {
  plain: {},
  'plain-with-snakemakes-defaults': { defaults: snakemakeDefaults },
  'in-place-nowhere': { request: { staging: null } },
  'in-place-in-a-volume': { yaml: volumes, request: { staging: null } },
  group: { request: group },
  fallback: { yaml: volumes, request: { ...fallback, staging: null } },
  'fallback-staged': { request: { ...fallback, staging: { ...staging, by: 'step' } } },

  'container-of-the-rule': { request: { container: 'docker://quay.io/biocontainers/bwa:0.7.17' } },
  'container-as-a-resource': { resources: { container: 'a/b:1' }, request: { container: 'c/d:1' } },
  'container-from-outside': { yaml: 'rules: { map: { image: e/f:2 } }', request: { container: 'c/d:1' } },
  'container-of-the-session': { session: { image: 'g/h:3' } },
  'container-nowhere': { yaml: 'images: {}' },

  gpu: { resources: { gpu: 1 } },
  'gpu-amd-model': { resources: { gpu: 2, gpu_manufacturer: 'amd', gpu_model: 'MI300X', kueue_queue: 'amd' } },
  'gpu-of-an-unknown-maker': { resources: { gpu: 1, gpu_manufacturer: 'acme' } },
  'memory-and-disk-stated': { resources: { mem_mb: 4000, disk_mb: 20_000, runtime: 90 } },
  'memory-default-in-a-small-queue': { defaults: snakemakeDefaults, session: { queue: 'small' } },
  'memory-stated-too-much': { resources: { mem: '80GiB' } },
  'countable-resource': { resources: { 'example.com/fpga': 2, licences: 3 } },

  'services-one': { yaml: services, resources: { kueue_services: 'db' } },
  'services-two-with-replicas': { yaml: services, resources: { kueue_services: 'db, model' } },
  'services-in-a-small-queue': {
    yaml: services,
    resources: { kueue_services: 'db' },
    defaults: snakemakeDefaults,
    session: { queue: 'small' },
  },
  'services-of-a-group': { yaml: services, resources: { kueue_services: 'db' }, request: group },
  'services-undefined': { resources: { kueue_services: 'db' } },
  'services-without-jobset': {
    yaml: services,
    resources: { kueue_services: 'db' },
    unserved: { jobset: 'the cluster serves no jobsets.jobset.x-k8s.io: JobSet is not installed' },
  },

  'mpi-one-node': { resources: { mpi: 'mpirun', tasks: 4 } },
  'mpi-two-nodes': { resources: { mpi: 'mpirun', tasks: 4, nodes: 2 } },
  'mpi-four-nodes': {
    resources: { mpi: 'mpiexec -bind-to core', tasks_per_node: 2, nodes: 4, mem_mb: 8000, runtime: 10 },
  },
  'mpi-two-nodes-default-memory': {
    resources: { mpi: 'srun', tasks: 2, nodes: 2, cpus_per_task: 1 },
    defaults: snakemakeDefaults,
    session: { queue: 'small' },
    request: { threads: 1 },
  },
  'mpi-gpu-on-each-node': { resources: { mpi: 'mpirun', tasks: 2, nodes: 2, gpu: 4 } },
  'mpi-that-contradicts-itself': { resources: { mpi: 'mpirun', tasks: 4, tasks_per_node: 4, nodes: 2 } },
  'mpi-in-a-group': { resources: { mpi: 'mpirun', tasks: 4 }, request: group },
  'mpi-in-a-group-on-two-nodes': { resources: { mpi: 'mpirun', tasks: 4, nodes: 2 }, request: group },
  'mpi-without-any-operator': {
    resources: { mpi: 'mpirun', tasks: 4, nodes: 2 },
    unserved: {
      mpijob: 'the cluster serves no mpijobs.kubeflow.org: the MPI Operator is not installed',
      minicluster: 'the cluster serves no miniclusters.flux-framework.org: the Flux Operator is not installed',
    },
  },

  'operator-jobset-without-services': { resources: { kueue_operator: 'jobset' } },
  'operator-mpijob-on-one-node': { resources: { kueue_operator: 'mpi-operator', mpi: 'mpirun', tasks: 2 } },
  'operator-job-on-two-nodes': { resources: { kueue_operator: 'job', mpi: 'mpirun', tasks: 4, nodes: 2 } },
  'operator-unknown': { resources: { kueue_operator: 'pbs' } },

  'topology-priority-and-queue': {
    resources: {
      kueue_topology: 'required: cloud.example.com/rack',
      kueue_priority: 'high',
      kueue_queue: 'gpu',
      mpi: 'mpirun',
      tasks: 4,
      nodes: 2,
    },
  },
  'security-and-patch-of-a-rule': {
    yaml: 'rules: { map: { security: baseline, pod: { nodeSelector: { zone: a }, tolerations: [{ key: spot, operator: Exists }] } } }',
  },
  'long-names': {
    yaml: 'services: { a-service-with-quite-a-long-name: { command: [serve] } }',
    request: { rule: `map_${'reads_to_the_reference_genome_'.repeat(3)}`, label: `map sample=${'x'.repeat(200)}` },
    resources: { kueue_services: 'a-service-with-quite-a-long-name' },
  },
  'minicluster-two-nodes': { resources: { ...flux, tasks: 4, nodes: 2 } },
  'minicluster-four-nodes-default-memory': {
    resources: { ...flux, tasks_per_node: 2, nodes: 4, runtime: 10 },
    defaults: snakemakeDefaults,
    yaml: 'kubernetes: { flux_view: "flux-view:1" }',
  },
  'minicluster-for-want-of-mpijob': {
    resources: { mpi: 'mpirun', tasks: 4, nodes: 2 },
    unserved: { mpijob: 'the cluster serves no mpijobs.kubeflow.org: the MPI Operator is not installed' },
  },
  'minicluster-without-mpi': { resources: { kueue_operator: 'minicluster' } },
  'minicluster-in-a-group': { resources: { ...flux, tasks: 4, nodes: 2 }, request: group },
  'minicluster-larger-than-any-node': {
    resources: { ...flux, tasks: 32 },
    request: { threads: 1 },
    session: { queue: 'gpu' },
  },
  'odd-names': {
    request: { rule: '2nd__Pass', label: '2nd__Pass "né" ✓', outputs: ["out put/it's ü.txt"] },
    resources: { kueue_operator: 'Batch-Job' },
  },
};
