export const jobLimits = {
  nodes: 'a Job has one pod; an MPIJob or a MiniCluster spans several nodes',
  services: 'a Job has one pod for the step alone; a JobSet has services beside it',
} as const satisfies Readonly<Record<string, string>>;
