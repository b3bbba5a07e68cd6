import { expect, test } from 'vitest';
import { hasEnded } from './container-end.ts';
import type { KubernetesObject } from './object.ts';

function pod(more: {
  readonly policy?: string;
  readonly sidecar?: boolean;
  readonly init?: boolean;
  readonly phase?: string;
  readonly exitCode?: number;
  readonly leaving?: boolean;
}): KubernetesObject {
  const status = {
    name: 'c',
    state: more.exitCode === undefined ? { running: {} } : { terminated: { exitCode: more.exitCode } },
  };
  const container = { name: 'c', ...(more.sidecar && { restartPolicy: 'Always' }) };
  const initial = more.sidecar === true || more.init === true;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...(more.leaving && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: { restartPolicy: more.policy ?? 'Never', [initial ? 'initContainers' : 'containers']: [container] },
    status: { phase: more.phase ?? 'Running', [initial ? 'initContainerStatuses' : 'containerStatuses']: [status] },
  };
}

test.each([
  ['it runs', {}, false],
  ['it failed and is not started again', { exitCode: 3 }, true],
  ['it failed and is started again', { exitCode: 3, policy: 'OnFailure' }, false],
  ['it succeeded', { exitCode: 0, policy: 'OnFailure' }, true],
  ['it is always started again', { exitCode: 0, policy: 'Always' }, false],
  ['a sidecar is always started again', { exitCode: 0, sidecar: true }, false],
  ['a sidecar of a pod that is on its way out', { exitCode: 0, sidecar: true, leaving: true }, true],
  ['an init container that is done', { exitCode: 0, init: true, policy: 'Always' }, true],
  ['the pod is over', { phase: 'Failed', sidecar: true }, true],
])('%s', (_what, of, ended) => {
  expect(hasEnded(pod(of), 'c')).toBe(ended);
});

test('a pod without a status of it has not ended', () => {
  expect(hasEnded({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }, 'c')).toBe(false);
});
