/** Where binaries are; build.ts makes them. */
export interface Programs {
  /** Absolute path of a binary of ours. */
  of(
    name:
      | 'etcd'
      | 'kube-apiserver'
      | 'kube-controller-manager'
      | 'kube-scheduler'
      | 'kubelet'
      | 'kubectl'
      | 'coredns'
      | 'kueue'
      | 'jobset'
      | 'mpi-operator'
      | 'kwok'
      | 'versitygw',
  ): string;
  /** Files with the stages of fake nodes and pods. */
  readonly kwokStages: readonly string[];
}
