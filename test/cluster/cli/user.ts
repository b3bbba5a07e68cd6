import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { type KubernetesObject, type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { root } from '../../../tools/docs/source-files.ts';
import { changedKubeconfig, type TestCluster } from '../cluster.ts';

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true };
const roles: ResourceType = { ...rbac, kind: 'Role', plural: 'roles' };
const roleBindings: ResourceType = { ...rbac, kind: 'RoleBinding', plural: 'rolebindings' };
const serviceAccounts: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * Somebody who may do in the namespace what deploy/rbac says, and nothing else: its ServiceAccount, with a token of its own.
 * Returns a kubeconfig.
 */
export async function makeUser({ client, namespace }: TestCluster): Promise<string> {
  await client.create(serviceAccounts, manifest('service-account.yaml'));
  await client.create(roles, manifest('role.yaml'));
  const { subjects, ...binding } = manifest('role-binding.yaml') as KubernetesObject & { subjects: object[] };
  // kustomize writes the namespace into it.
  await client.create(roleBindings, { ...binding, subjects: subjects.map((one) => ({ ...one, namespace })) });
  await client.create(resources.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'konverge-token', annotations: { 'kubernetes.io/service-account.name': 'konverge' } },
    type: 'kubernetes.io/service-account-token',
  });
  const token = async (): Promise<string | undefined> => {
    const secret = await client.get(resources.secrets, 'konverge-token');
    return (secret?.['data'] as Record<string, string> | undefined)?.['token'];
  };
  await expect.poll(token, { timeout: 20_000 }).toBeTypeOf('string');
  const text = Buffer.from((await token()) ?? '', 'base64').toString('utf8');
  return changedKubeconfig(({ users }) => {
    for (const entry of users) entry.user = { token: text };
  });
}

/** The Role, with other verbs for one resource. */
export async function allow({ client }: TestCluster, resource: string, verbs: readonly string[]): Promise<void> {
  const { rules } = manifest('role.yaml') as unknown as { readonly rules: readonly Rule[] };
  const changed = rules.map((rule) => (rule.resources.includes(resource) ? { ...rule, verbs } : rule));
  await client.patch(roles, 'konverge', { rules: changed });
}

function manifest(name: string): KubernetesObject {
  return parse(readFileSync(path.join(root, 'deploy/rbac', name), 'utf8')) as KubernetesObject;
}
