import { expect, test } from 'vitest';
import { workloadKinds } from '../../../domain/kind.ts';
import { kindOf, kindsIn, servedKindList, servedKinds } from './registry.ts';

test('every kind is there, or has a reason', () => {
  const served = servedKinds();
  for (const name of workloadKinds) {
    const entry = served[name];
    if (entry.served) expect(kindOf(name).name).toBe(name);
    else expect(() => kindOf(name)).toThrow(`a ${name} cannot be run on Kubernetes: ${entry.reason}`);
  }
  expect(kindOf('job').resource.plural).toBe('jobs');
});

test('what a cluster does not serve is not followed', () => {
  const without = { ...servedKinds(), jobset: { served: false, reason: 'it is not installed' } as const };
  expect(kindsIn(without)).toEqual(servedKindList().filter(({ name }) => name !== 'jobset'));
});
