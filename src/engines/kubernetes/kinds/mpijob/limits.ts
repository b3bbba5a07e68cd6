export const mpiJobLimits = {
  mpi: 'an MPIJob runs a program that is started by mpirun, with as many tasks on each node',
  services: 'an MPIJob has the pods of its ranks alone; a JobSet has services beside the step',
  image: 'the image has sshd and ssh, by which mpirun starts ranks in other pods, and a shell',
  fallback: 'a step that runs through Snakemake in its pod has its files in that pod alone',
  group: 'members of a group that share no volume have their files in the first pod alone',
  outputs: 'what other pods than the first one write passes through the first one into storage',
} as const satisfies Readonly<Record<string, string>>;
