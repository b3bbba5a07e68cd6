import { expect, test } from 'vitest';
import { allKindsServed } from '../../../domain/kind-selection.ts';
import { kindList, kindOf, kindsIn } from './registry.ts';

test('every kind says its own name', () => {
  for (const kind of kindList()) expect(kindOf(kind.name)).toBe(kind);
  expect(kindOf('job').resource.plural).toBe('jobs');
});

test('what a cluster does not serve is not followed', () => {
  const without = { ...allKindsServed(), jobset: { served: false, reason: 'it is not installed' } as const };
  expect(kindsIn(without)).toEqual(kindList().filter(({ name }) => name !== 'jobset'));
});
