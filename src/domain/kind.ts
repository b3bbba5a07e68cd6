/** The workload kinds that a step can become. What an engine serves of them is data (ports/engine.ts). */
export const workloadKinds = ['job', 'jobset', 'mpijob', 'minicluster'] as const;

export type WorkloadKind = (typeof workloadKinds)[number];

/** The names that `kueue_operator` accepts; the longer ones are those of the 2024 prototype and of the operators. */
export const operatorNames: Readonly<Record<string, WorkloadKind>> = {
  job: 'job',
  'batch-job': 'job',
  jobset: 'jobset',
  mpijob: 'mpijob',
  'mpi-operator': 'mpijob',
  minicluster: 'minicluster',
  'flux-operator': 'minicluster',
};

/** The operator a person installs to get a kind. */
export const operatorOfKind: Readonly<Record<WorkloadKind, string>> = {
  job: 'Kubernetes itself',
  jobset: 'JobSet',
  mpijob: 'the MPI Operator',
  minicluster: 'the Flux Operator',
};

/** What a kind is for, as a phrase. */
export const purposeOfKind: Readonly<Record<WorkloadKind, string>> = {
  job: 'for steps of one pod',
  jobset: 'for steps with services',
  mpijob: 'for MPI steps on several nodes',
  minicluster: 'for steps in a Flux instance',
};
