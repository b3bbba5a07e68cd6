import { expect, test } from 'vitest';
import { examineExtensions, examineKubernetes, examineKueue } from './versions.ts';

test.each([
  [{ major: '1', minor: '36', gitVersion: 'v1.36.3' }, 'ok', 'v1.36.3'],
  [{ major: '1', minor: '31+', gitVersion: 'v1.31.4-gke.5' }, 'ok', 'v1.31.4-gke.5'],
  [{ major: '1', minor: '40', gitVersion: 'v1.40.0' }, 'ok', 'v1.40.0, newer than what konverge is tested with'],
  [{ major: '1', minor: '28', gitVersion: 'v1.28.1' }, 'missing', 'v1.28.1'],
  [{ major: '2', minor: '0', gitVersion: 'v2.0.0' }, 'warning', 'v2.0.0'],
  ['nonsense', 'warning', 'of an unknown version'],
  [undefined, 'warning', 'of an unknown version'],
] as const)('Kubernetes %j is %s', (answer, status, detail) => {
  expect(examineKubernetes(answer)).toMatchObject({ name: 'kubernetes', status, detail });
});

/** Discovery of an API server that serves these, as `group/version`: names of resources. */
function serving(resources: Readonly<Record<string, readonly string[]>>): {
  readonly read: (path: string) => Promise<unknown>;
} {
  return {
    read: (path) => {
      const [, , group = '', version] = path.split('/');
      if (version !== undefined) {
        return Promise.resolve({ resources: (resources[`${group}/${version}`] ?? []).map((name) => ({ name })) });
      }
      const versions = Object.keys(resources).flatMap((key) =>
        key.startsWith(`${group}/`) ? [key.split('/')[1]] : [],
      );
      return Promise.resolve(
        versions.length === 0 ? undefined : { versions: versions.map((one) => ({ version: one })) },
      );
    },
  };
}

test('operators: found, absent, of an unknown version, and a group of another operator', async () => {
  const server = serving({
    'jobset.x-k8s.io/v1alpha2': ['jobsets'],
    'kubeflow.org/v1': ['pytorchjobs'],
    'flux-framework.org/v1beta7': ['miniclusters'],
  });
  const [jobset, mpijob, minicluster] = await examineExtensions(server, {});
  expect(jobset).toMatchObject({ name: 'jobset', status: 'ok' });
  expect(mpijob).toMatchObject({ name: 'mpijob', status: 'optional' });
  expect(minicluster).toMatchObject({
    name: 'minicluster',
    status: 'warning',
    detail: 'miniclusters.flux-framework.org in v1beta7, which konverge does not know',
  });
});

test('Kueue: there, too old, absent', async () => {
  const there = serving({ 'kueue.x-k8s.io/v1beta2': ['workloads'], 'kueue.x-k8s.io/v1beta1': ['workloads'] });
  expect(await examineKueue(there, {})).toMatchObject({ status: 'ok' });
  expect(await examineKueue(serving({ 'kueue.x-k8s.io/v1beta1': ['workloads'] }), {})).toMatchObject({
    status: 'missing',
    detail: 'kueue.x-k8s.io in v1beta1, and v1beta2 is needed',
  });
  expect(await examineKueue(serving({}), {})).toMatchObject({ status: 'missing' });
});
