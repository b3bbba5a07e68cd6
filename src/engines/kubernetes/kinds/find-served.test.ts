import { describe, expect, test } from 'vitest';
import { selectKind } from '../../../domain/kind-selection.ts';
import { sampleSettings } from '../pod/sample-orders.ts';
import { findServedKinds } from './find-served.ts';

interface Server {
  readonly may?: (verb: string, namespace: string | undefined) => boolean;
  /** Namespaces with a LocalQueue. */
  readonly queuesIn?: readonly string[];
}

/** Discovery of an API server that serves these, as `group/version`: names of resources. */
function server(
  resources: Readonly<Record<string, readonly string[]>>,
  { may = () => true, queuesIn = ['team-flux'] }: Server = {},
) {
  return {
    namespace: 'team',
    read: (path: string) => {
      const [, , group = '', version] = path.split('/');
      const names = Object.keys(resources).filter((key) => key.startsWith(`${group}/`));
      if (version !== undefined) {
        const list = resources[`${group}/${version}`];
        return Promise.resolve(list && { resources: list.map((name) => ({ name })) });
      }
      return Promise.resolve(
        names.length === 0 ? undefined : { versions: names.map((name) => ({ version: name.split('/')[1] })) },
      );
    },
    mayI: (questions: readonly { readonly verb: string; readonly namespace?: string }[]) =>
      Promise.resolve(questions.map(({ verb, namespace }) => may(verb, namespace))),
    list: (_type: unknown, { namespace = '' }: { readonly namespace?: string } = {}) => {
      const queue = { apiVersion: 'kueue.x-k8s.io/v1beta2', kind: 'LocalQueue', metadata: { name: 'main' } };
      return Promise.resolve({ items: queuesIn.includes(namespace) ? [queue] : [], resourceVersion: '1' });
    },
  };
}

const jobset = { 'jobset.x-k8s.io/v1alpha2': ['jobsets', 'jobsets/status'] };

test('what is installed and allowed is served', async () => {
  const { kinds, warnings } = await findServedKinds(server(jobset), sampleSettings);
  expect(kinds).toMatchObject({ job: { served: true }, jobset: { served: true }, mpijob: { served: false } });
  expect(warnings).toEqual([]);
});

test('an operator that is missing is named, and no other step suffers', async () => {
  const { kinds, warnings } = await findServedKinds(server({}), sampleSettings);
  expect(kinds.job).toEqual({ served: true });
  expect(kinds.jobset).toEqual({
    served: false,
    reason: 'the cluster serves no jobsets.jobset.x-k8s.io: JobSet is not installed',
  });
  expect(warnings).toEqual([]);
  const resources = { cpuMillis: 1000, custom: {} };
  expect(() => selectKind({ rule: 'load', resources, serviceNames: ['db'] }, kinds)).toThrow(
    'rule load: it has services (db), so it needs a jobset, which JobSet brings: the cluster serves no jobsets.jobset.x-k8s.io: JobSet is not installed',
  );
});

test('a version that we do not know is not tried, and is a warning', async () => {
  const { kinds, warnings } = await findServedKinds(server({ 'jobset.x-k8s.io/v1beta9': ['jobsets'] }), sampleSettings);
  const reason =
    'the cluster serves jobsets.jobset.x-k8s.io in v1beta9, which konverge does not know: it needs v1alpha2';
  expect(kinds.jobset).toEqual({ served: false, reason });
  expect(warnings).toEqual([reason]);
});

test('a user without the rights is told which', async () => {
  const { kinds } = await findServedKinds(server(jobset, { may: (verb) => verb === 'list' }), sampleSettings);
  expect(kinds.jobset).toEqual({
    served: false,
    reason: 'this user may not create, watch, delete jobsets.jobset.x-k8s.io in namespace team; deploy/rbac grants it',
  });
});

describe('a kind with a namespace of its own', () => {
  const flux = { 'flux-framework.org/v1alpha2': ['miniclusters'] };

  test('is served where there is a queue', async () => {
    const { kinds } = await findServedKinds(server(flux), sampleSettings);
    expect(kinds.minicluster).toEqual({ served: true });
    const elsewhere = { ...sampleSettings, miniClusterNamespace: 'lab' };
    expect((await findServedKinds(server(flux, { queuesIn: ['lab'] }), elsewhere)).kinds.minicluster.served).toBe(true);
  });

  test('is not where there is none, or no right', async () => {
    expect((await findServedKinds(server(flux, { queuesIn: [] }), sampleSettings)).kinds.minicluster).toEqual({
      served: false,
      reason: 'there is no LocalQueue in namespace team-flux, where miniclusters are; deploy/flux makes one',
    });
    const may = (verb: string, namespace: string | undefined) => namespace !== 'team-flux' || verb !== 'watch';
    expect((await findServedKinds(server(flux, { may }), sampleSettings)).kinds.minicluster).toEqual({
      served: false,
      reason:
        'this user may not watch miniclusters.flux-framework.org; watch jobs.batch; watch pods; watch workloads.kueue.x-k8s.io in namespace team-flux; deploy/flux grants it',
    });
  });
});
