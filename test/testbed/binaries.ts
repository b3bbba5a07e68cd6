/** What is built from the module proxy, as data. Each module is a folder with a go.mod of ours in go/. */
export interface GoModule {
  readonly folder: string;
  /** Name of the program to its package. */
  readonly binaries: Readonly<Record<string, string>>;
  /** `-X` settings of the linker: what the programs say their version is. */
  readonly variables?: Readonly<Record<string, string>>;
}

export const versions = { kubernetes: 'v1.36.3', kueue: 'v0.19.2' } as const;

export const goModules: readonly GoModule[] = [
  {
    folder: 'kubernetes',
    binaries: Object.fromEntries(
      ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl'].map((name) => [
        name,
        `k8s.io/kubernetes/cmd/${name}`,
      ]),
    ),
    variables: {
      // Else its clients and the kubelet say that they are v0.0.0.
      'k8s.io/component-base/version.gitVersion': versions.kubernetes,
      'k8s.io/component-base/version.gitMajor': '1',
      'k8s.io/component-base/version.gitMinor': '36',
    },
  },
  { folder: 'etcd', binaries: { etcd: 'go.etcd.io/etcd/server/v3' } },
  { folder: 'coredns', binaries: { coredns: '.' } },
  { folder: 'pause', binaries: { pause: '.' } },
  {
    // One module: what they share is compiled once.
    folder: 'operators',
    binaries: {
      kueue: 'sigs.k8s.io/kueue/cmd/kueue',
      jobset: 'sigs.k8s.io/jobset',
      'mpi-operator': 'github.com/kubeflow/mpi-operator/cmd/mpi-operator',
      kwok: 'sigs.k8s.io/kwok/cmd/kwok',
    },
    variables: { 'sigs.k8s.io/kueue/pkg/version.GitVersion': versions.kueue },
  },
];

/**
 * Words for `go`, all programs of a module at once. Small and without debug information: the programs are started, not
 * debugged. Several programs get their names from their packages.
 */
export function buildArguments({ binaries, variables = {} }: GoModule, outputFolder: string): string[] {
  const names = Object.keys(binaries);
  const settings = Object.entries(variables).map(([variable, value]) => `-X ${variable}=${value}`);
  const linker = ['-s -w', ...settings].join(' ');
  const output = names.length === 1 ? `${outputFolder}/${names[0]}` : `${outputFolder}/`;
  return ['build', '-mod=readonly', '-trimpath', '-ldflags', linker, '-o', output, ...Object.values(binaries)];
}
