import { stringify } from 'yaml';

/** Who speaks, and to whom it listens: all base64 of PEM. */
export interface Identity {
  readonly name: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** The text of a kubeconfig with one context, `testbed`. */
export function kubeconfigOf(server: string, { name, authority, certificate, key }: Identity): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'testbed', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name, user: { 'client-certificate-data': certificate, 'client-key-data': key } }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: name, namespace: 'default' } }],
    'current-context': 'testbed',
  });
}
