import { expect, test } from 'vitest';
import { kindOf, servedKindList, servedKinds } from './registry.ts';

test('serves Jobs, and says why nothing else', () => {
  expect(kindOf('job').resource.plural).toBe('jobs');
  expect(servedKindList().map(({ name }) => name)).toEqual(['job']);
  expect(servedKinds()).toMatchObject({
    job: { served: true },
    jobset: { served: false, reason: 'this version makes no JobSets yet' },
    mpijob: { served: false },
    minicluster: { served: false },
  });
  expect(() => kindOf('mpijob')).toThrow('a mpijob cannot be run on Kubernetes: this version makes no MPIJobs yet');
});
