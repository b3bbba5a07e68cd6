import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import type { TestCluster } from '../cluster.ts';

const leases: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
const leaseNamespace = 'kube-node-lease';
/** As a kubelet does it. */
const renewMs = 5000;

/**
 * A node that is well and takes no pods. Where all nodes of a cluster are lost, its node controller believes that it has lost the
 * network itself, and evicts nothing: beside this one, the only real node can be lost.
 */
export async function standInNode({ client, namespace }: TestCluster): Promise<AsyncDisposable> {
  const name = `${namespace}-stand-in`;
  const now = (): string => new Date().toISOString();
  const condition = { type: 'Ready', status: 'True', reason: 'StandIn', message: 'of a test' };
  await client.create(resources.nodes, {
    apiVersion: 'v1',
    kind: resources.nodes.kind,
    metadata: { name },
    spec: { unschedulable: true },
    status: { conditions: [{ ...condition, lastHeartbeatTime: now(), lastTransitionTime: now() }] },
  });
  const spec = (): object => ({
    holderIdentity: name,
    leaseDurationSeconds: 40,
    renewTime: now().replace('Z', '000Z'),
  });
  await client.create(
    leases,
    { apiVersion: 'coordination.k8s.io/v1', kind: leases.kind, metadata: { name }, spec: { ...spec() } },
    { namespace: leaseNamespace },
  );
  const timer = setInterval(() => {
    client.patch(leases, name, { spec: spec() }, { namespace: leaseNamespace }).catch(() => undefined);
  }, renewMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await client.remove(leases, name, { namespace: leaseNamespace });
      await client.remove(resources.nodes, name);
    },
  };
}
