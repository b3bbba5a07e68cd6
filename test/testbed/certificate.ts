import { addresses, nodeName } from './addresses.ts';

/** A certificate to be issued; plain data. `ca` is the one of the cluster, `front-proxy` that of aggregated APIs. */
export interface Certificate {
  readonly name: string;
  readonly commonName: string;
  /** Groups, where it stands for a user. */
  readonly organizations: readonly string[];
  readonly authority: Authority;
  readonly usage: 'serverAuth' | 'clientAuth';
  /** `DNS:...` and `IP:...`. */
  readonly alternativeNames: readonly string[];
}

export type Authority = 'ca' | 'front-proxy';
export const authorities: readonly Authority[] = ['ca', 'front-proxy'];

/** Whoever speaks to the API server with a kubeconfig of its own. */
export const clients: readonly Certificate[] = [
  user('admin', 'admin', ['system:masters']),
  user('kube-controller-manager', 'system:kube-controller-manager', []),
  user('kube-scheduler', 'system:kube-scheduler', []),
  user('kubelet', `system:node:${nodeName}`, ['system:nodes']),
  user('kwok', 'kwok', ['system:masters']),
  user('coredns', 'system:coredns', []),
  // Their RBAC, as it is shipped, is for service accounts: a certificate with the same names has the same rights.
  serviceAccount('kueue', 'kueue-system', 'kueue-controller-manager'),
  serviceAccount('jobset', 'jobset-system', 'jobset-controller-manager'),
  serviceAccount('mpi-operator', 'mpi-operator', 'mpi-operator'),
  serviceAccount('simulated-flux-operator', 'operator-system', 'simulated-flux-operator'),
];

export const certificates: readonly Certificate[] = [
  ...clients,
  server('kube-apiserver', 'kube-apiserver', [
    ...ips(addresses.loopback, addresses.host, addresses.apiService),
    'DNS:localhost',
    ...inCluster('kubernetes', 'default'),
  ]),
  server('kubelet-server', nodeName, [...ips(addresses.loopback, addresses.host), `DNS:${nodeName}`]),
  // Of all webhooks, and of the visibility API, which the API server asks for by the name of its service.
  server('serving', 'serving', [
    ...ips(addresses.loopback),
    'DNS:localhost',
    'DNS:kueue-webhook-service.kueue-system.svc',
    'DNS:kueue-visibility-server.kueue-system.svc',
    'DNS:jobset-webhook-service.jobset-system.svc',
  ]),
  user('apiserver-kubelet-client', 'kube-apiserver-kubelet-client', ['system:masters']),
  { ...user('front-proxy-client', 'front-proxy-client', []), authority: 'front-proxy' },
];

/** A user with a client certificate, for tests of RBAC. */
export function user(name: string, commonName: string, groups: readonly string[]): Certificate {
  return {
    name,
    commonName,
    organizations: groups,
    authority: 'ca',
    usage: 'clientAuth',
    alternativeNames: [],
  };
}

function serviceAccount(name: string, namespace: string, account: string): Certificate {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return user(name, `system:serviceaccount:${namespace}:${account}`, groups);
}

function server(name: string, commonName: string, alternativeNames: readonly string[]): Certificate {
  return { name, commonName, organizations: [], authority: 'ca', usage: 'serverAuth', alternativeNames };
}

function ips(...list: readonly string[]): string[] {
  return list.map((ip) => `IP:${ip}`);
}

function inCluster(service: string, namespace: string): string[] {
  const names = [service, `${service}.${namespace}`, `${service}.${namespace}.svc`];
  return [...names, `${service}.${namespace}.svc.${addresses.clusterDomain}`].map((name) => `DNS:${name}`);
}

/** As `openssl req -subj` wants it: a slash in a name is escaped. */
export function subjectOf({ commonName, organizations }: Certificate): string {
  const escape = (text: string): string => text.replaceAll(/[\\/+]/g, (sign) => `\\${sign}`);
  return [...organizations.map((name) => `/O=${escape(name)}`), `/CN=${escape(commonName)}`].join('');
}

/** The file that `openssl x509 -extfile` reads. */
export function extensionsOf({ usage, alternativeNames }: Certificate): string {
  const lines = ['keyUsage=digitalSignature', `extendedKeyUsage=${usage}`];
  if (alternativeNames.length > 0) lines.push(`subjectAltName=${alternativeNames.join(',')}`);
  return `${lines.join('\n')}\n`;
}
