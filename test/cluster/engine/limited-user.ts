import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResourceType } from '../../../src/engines/kubernetes/client/object.ts';
import { type Right, rights } from '../../../src/engines/kubernetes/examine/rights.ts';
import { changedKubeconfig, type TestCluster } from '../cluster.ts';

const serviceAccounts: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;
const roles: ResourceType = { ...rbac, kind: 'Role', plural: 'roles' };
const bindings: ResourceType = { ...rbac, kind: 'RoleBinding', plural: 'rolebindings' };

/** Somebody who may do in the namespace what every run needs, as deploy/rbac grants it, and nothing of the whole cluster. */
export interface LimitedUser {
  /** With its credentials in a file, as a log-in writes them. */
  readonly kubeconfig: string;
  /** Its credentials are not good any more, some seconds from now. */
  readonly revoke: () => Promise<void>;
  /** It logs in again. */
  readonly renew: () => Promise<void>;
}

/** `without`: rights that are taken away. */
export async function makeLimitedUser(
  { client, namespace }: TestCluster,
  name: string,
  without: readonly { readonly resource: string; readonly verb: string }[] = [],
): Promise<LimitedUser> {
  const rules = rights()
    .filter(({ namespaced }) => namespaced)
    .map((right) => ruleOf(right, without))
    .filter(({ verbs }) => verbs.length > 0);
  const make = (type: ResourceType, body: object): Promise<unknown> =>
    client.create(type, {
      apiVersion: type.group === '' ? 'v1' : `${type.group}/v1`,
      kind: type.kind,
      metadata: { name },
      ...body,
    });
  await make(roles, { rules });
  await make(bindings, {
    roleRef: { apiGroup: rbac.group, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  const kubeconfig = await changedKubeconfig(({ users }) => {
    for (const entry of users) entry.user = { tokenFile: 'token' };
  });
  const renew = async (): Promise<void> => {
    await make(serviceAccounts, {});
    writeFileSync(join(dirname(kubeconfig), 'token'), await tokenOf(client, name), { mode: 0o600 });
  };
  await renew();
  return { kubeconfig, renew, revoke: async () => void (await client.remove(serviceAccounts, name)) };
}

function ruleOf(
  { group, resource, subresource, verbs }: Right,
  without: readonly { readonly resource: string; readonly verb: string }[],
): { readonly apiGroups: readonly string[]; readonly resources: readonly string[]; readonly verbs: readonly string[] } {
  const name = subresource === undefined ? resource : `${resource}/${subresource}`;
  const left = verbs.filter((verb) => !without.some((one) => one.resource === name && one.verb === verb));
  return { apiGroups: [group], resources: [name], verbs: left };
}

/** A subresource that is created: its answer is the request with a token in it. */
async function tokenOf(client: TestCluster['client'], name: string): Promise<string> {
  const type: ResourceType = {
    group: '',
    version: 'v1',
    kind: 'TokenRequest',
    plural: `serviceaccounts/${name}/token`,
    namespaced: true,
  };
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: { name }, spec: {} };
  const { object } = await client.create(type, request);
  return (object.status as { readonly token: string }).token;
}
