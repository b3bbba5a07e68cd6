export const miniClusterLimits = {
  services: 'a MiniCluster has the pods of its Flux instance alone; a JobSet has services beside the step',
  fallback: 'a step that runs through Snakemake in its pod has its files in that pod alone',
  group: 'members of a group that share no volume have their files in the first pod alone',
  image: 'the image has bash and coreutils, which the scripts of the operator need, and Flux if no view of it is added',
  user: 'a pod runs as the user of the image, whom the scripts of the operator have to know; run_as and security change nothing',
  suspended: 'it cannot be made suspended: that it waits is up to the webhook of Kueue, which suspends its Job',
  annotations: 'its Job has labels, and no annotations, so it has no admission gates',
  volumes: 'its pods mount claims, directories of the node, Secrets and ConfigMaps, and no other volumes',
  pod: 'of a patch of its pods only nodeSelector, tolerations, serviceAccountName, schedulerName, runtimeClassName, and labels and annotations count',
  outputs: 'what other pods than the first one write passes through the first one into storage',
  cores: 'Flux places tasks on the cores that it sees, which are those of the node',
} as const satisfies Readonly<Record<string, string>>;
