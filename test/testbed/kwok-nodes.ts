/** Nodes that KWOK pretends: 32 CPUs and 128 GiB each. Only what tolerates them comes to them. */
export function fakeNodes(count: number): { readonly metadata: { readonly name: string } }[] {
  const resources = { cpu: '32', memory: '128Gi', pods: '250' };
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `kwok-${index}`,
      annotations: { 'kwok.x-k8s.io/node': 'fake', 'node.alpha.kubernetes.io/ttl': '0' },
      labels: {
        type: 'kwok',
        'testbed/kind': 'kwok',
        'kubernetes.io/hostname': `kwok-${index}`,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
      },
    },
    spec: { taints: [{ key: 'kwok', value: 'true', effect: 'NoSchedule' }] },
    status: { allocatable: resources, capacity: resources },
  }));
}
