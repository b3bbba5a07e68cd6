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
  /** Sources of ours that Node runs as they are; the digest is of all of them. */
  readonly fluxOperator: { readonly main: string; readonly digest: string };
  /** Files with the stages of fake nodes and pods. */
  readonly kwokStages: readonly string[];
}
