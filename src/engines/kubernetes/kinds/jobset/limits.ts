export const jobSetLimits = {
  nodes: 'a JobSet has one pod for the application; an MPIJob or a MiniCluster spans several nodes',
  podSets: 'Kueue admits at most 18 kinds of pods together: 17 services and the application',
  names: 'names of pods end at 63 characters, so a service has a few thousand replicas at most',
  files:
    'services have directories of their own: what they share with the application is the network and mounted volumes',
} as const satisfies Readonly<Record<string, string>>;

/** Of a Workload (kueue.x-k8s.io/v1beta2, `podSets`). */
export const maxPodSets = 18;
