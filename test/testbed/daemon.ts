/** A program of the testbed that runs until it is told to end. Plain data: daemons.ts has them all. */
export interface Daemon {
  readonly name: DaemonName;
  /** The first one is an absolute path, or a program of Debian's that is on the PATH. */
  readonly argv: readonly string[];
  /** Added to a small environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Configuration files, written before it starts; a change of one starts it anew. */
  readonly files?: readonly ConfigFile[];
  /** Of 127.0.0.1 unless said otherwise: nobody else may listen there. */
  readonly ports: readonly (number | { readonly host: string; readonly port: number })[];
  /** Tasks of `up` (other daemons among them) that come first. */
  readonly needs: readonly string[];
  readonly ready: Probe;
  /** For how long it may take to be ready. */
  readonly patienceMs: number;
}

export type DaemonName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'containerd'
  | 'kubelet'
  | 'coredns'
  | 'kueue'
  | 'jobset'
  | 'mpi-operator'
  | 'simulated-flux-operator'
  | 'versitygw'
  | 'kwok';

export interface ConfigFile {
  readonly path: string;
  readonly content: string;
}

/** How one learns that a daemon does its work. */
export type Probe =
  /** It answers with 200; `client` names the certificate to come with. */
  | { readonly kind: 'http'; readonly url: string; readonly client?: string }
  /** It answers at all, over TLS or not. */
  | { readonly kind: 'answers'; readonly url: string }
  /** A program ends with 0. */
  | { readonly kind: 'command'; readonly argv: readonly string[] };
