/** An object as the API server has it. Builders and readers know its kind and look into `spec` and `status` themselves. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  /** Data of Secrets and ConfigMaps, … */
  readonly [field: string]: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Where objects of a kind are in the API. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in the URL: `jobs`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

export const resources = {
  pods: { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  secrets: { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
  configMaps: { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  events: { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true },
  nodes: { group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  jobSets: { group: 'jobset.x-k8s.io', version: 'v1alpha2', kind: 'JobSet', plural: 'jobsets', namespaced: true },
  mpiJobs: { group: 'kubeflow.org', version: 'v2beta1', kind: 'MPIJob', plural: 'mpijobs', namespaced: true },
  miniClusters: {
    group: 'flux-framework.org',
    version: 'v1alpha2',
    kind: 'MiniCluster',
    plural: 'miniclusters',
    namespaced: true,
  },
  jobs: { group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true },
  workloads: { group: 'kueue.x-k8s.io', version: 'v1beta2', kind: 'Workload', plural: 'workloads', namespaced: true },
  localQueues: {
    group: 'kueue.x-k8s.io',
    version: 'v1beta2',
    kind: 'LocalQueue',
    plural: 'localqueues',
    namespaced: true,
  },
  clusterQueues: {
    group: 'kueue.x-k8s.io',
    version: 'v1beta2',
    kind: 'ClusterQueue',
    plural: 'clusterqueues',
    namespaced: false,
  },
  resourceFlavors: {
    group: 'kueue.x-k8s.io',
    version: 'v1beta2',
    kind: 'ResourceFlavor',
    plural: 'resourceflavors',
    namespaced: false,
  },
  priorityClasses: {
    group: 'kueue.x-k8s.io',
    version: 'v1beta2',
    kind: 'WorkloadPriorityClass',
    plural: 'workloadpriorityclasses',
    namespaced: false,
  },
} as const satisfies Readonly<Record<string, ResourceType>>;
