import os from 'node:os';
import path from 'node:path';

/** Folders and files of the testbed, all absolute. Nothing is inside the repository. */
export interface Place {
  /** Binaries, manifests and layers of images; keyed by content, safe to delete. */
  readonly cache: string;
  /** Of one cluster: everything below. */
  readonly state: string;
  /** etcd, containerd, kubelet, S3: what `down` keeps and `down --purge` drops. */
  readonly data: string;
  readonly logs: string;
  /** A file for each daemon: pid, start time, fingerprint. */
  readonly daemons: string;
  readonly pki: string;
  /** Configuration files of the daemons, written anew by each `up`. */
  readonly config: string;
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** What the API server did, one JSON object a line; with `--audit`. */
  readonly auditLog: string;
  /** The options of the cluster that runs. */
  readonly options: string;
  /** What has been applied to the cluster, and which images containerd has. */
  readonly applied: string;
  readonly images: string;
}

/** Sockets and locks, of the machine: paths of unix sockets must be short. */
export const runDirectory = '/run/konverge-testbed';
export const containerdSocket = path.join(runDirectory, 'containerd.sock');

/** @param env  XDG_CACHE_HOME and XDG_STATE_HOME count */
export function placeOf(env: NodeJS.ProcessEnv, home: string = os.homedir()): Place {
  const cache = path.join(env['XDG_CACHE_HOME'] || path.join(home, '.cache'), 'konverge/testbed');
  const state = path.join(env['XDG_STATE_HOME'] || path.join(home, '.local/state'), 'konverge/testbed');
  const data = path.join(state, 'data');
  return {
    cache,
    state,
    data,
    logs: path.join(state, 'logs'),
    daemons: path.join(state, 'daemons'),
    pki: path.join(state, 'pki'),
    config: path.join(state, 'config'),
    kubeconfig: path.join(state, 'kubeconfig'),
    auditLog: path.join(state, 'audit.log'),
    options: path.join(state, 'options.json'),
    applied: path.join(data, 'applied.json'),
    images: path.join(data, 'images.json'),
  };
}
