import { expect, test } from 'vitest';
import type { KubernetesSettings, PodSecurity } from '../../../domain/kubernetes-settings.ts';
import { type PodWishes, securityFinding } from './pods.ts';

function wishes(
  security: PodSecurity,
  sources: KubernetesSettings['volumes'][number]['source'][] = [],
  rules: PodWishes['rules'] = [],
): PodWishes {
  const volumes = sources.map((source, index) => ({ name: `v${index}`, mountPath: '/v', readOnly: false, source }));
  return { settings: { security, volumes, agentImage: 'agent' }, rules };
}

test.each([
  [undefined, wishes('baseline', [{ hostPath: {} }]), 'ok'],
  ['privileged', wishes('baseline', [{ hostPath: {} }]), 'ok'],
  ['baseline', wishes('baseline', [{ nfs: {} }]), 'ok'],
  ['baseline', wishes('restricted', [{ hostPath: {} }]), 'missing'],
  ['restricted', wishes('restricted', [{ persistentVolumeClaim: {} }]), 'ok'],
  ['restricted', wishes('restricted', [{ nfs: {} }]), 'missing'],
  ['restricted', wishes('baseline'), 'missing'],
  ['restricted', wishes('restricted', [], [{ rule: 'mpi', security: 'baseline' }]), 'warning'],
  ['restricted', wishes('restricted', [], [{ rule: 'plain', security: 'restricted' }]), 'ok'],
] as const)('a namespace that enforces %s', (enforced, given, status) => {
  expect(securityFinding(enforced, given)).toMatchObject({ name: 'pod security', status });
});

test('it names what is in the way', () => {
  expect(securityFinding('restricted', wishes('restricted', [{ hostPath: {} }])).detail).toBe(
    'the namespace enforces restricted: volume v0 (hostPath)',
  );
  expect(securityFinding('restricted', wishes('baseline')).detail).toBe(
    'the namespace enforces restricted, and kubernetes.security is baseline',
  );
});
