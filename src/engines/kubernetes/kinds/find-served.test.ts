import { expect, test } from 'vitest';
import { selectKind } from '../../../domain/kind-selection.ts';
import { findServedKinds } from './find-served.ts';

/** Discovery of an API server that serves these, as `group/version`: names of resources. */
function server(resources: Readonly<Record<string, readonly string[]>>, may: (verb: string) => boolean = () => true) {
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
    mayI: (questions: readonly { readonly verb: string }[]) => Promise.resolve(questions.map(({ verb }) => may(verb))),
  };
}

const jobset = { 'jobset.x-k8s.io/v1alpha2': ['jobsets', 'jobsets/status'] };

test('what is installed and allowed is served', async () => {
  const { kinds, warnings } = await findServedKinds(server(jobset));
  expect(kinds).toMatchObject({ job: { served: true }, jobset: { served: true }, mpijob: { served: false } });
  expect(warnings).toEqual([]);
});

test('an operator that is missing is named, and no other step suffers', async () => {
  const { kinds, warnings } = await findServedKinds(server({}));
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
  const { kinds, warnings } = await findServedKinds(server({ 'jobset.x-k8s.io/v1beta9': ['jobsets'] }));
  const reason =
    'the cluster serves jobsets.jobset.x-k8s.io in v1beta9, which konverge does not know: it needs v1alpha2';
  expect(kinds.jobset).toEqual({ served: false, reason });
  expect(warnings).toEqual([reason]);
});

test('a user without the rights is told which', async () => {
  const { kinds } = await findServedKinds(server(jobset, (verb) => verb === 'list'));
  expect(kinds.jobset).toEqual({
    served: false,
    reason: 'this user may not create, watch, delete jobsets.jobset.x-k8s.io in namespace team; deploy/rbac grants it',
  });
});
