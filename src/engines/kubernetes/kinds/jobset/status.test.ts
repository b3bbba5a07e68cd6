import { expect, test } from 'vitest';
import { buildStep } from '../../build-step.ts';
import type { KubernetesObject } from '../../client/object.ts';
import { sampleContext, sampleSettings } from '../../pod/sample-orders.ts';
import { jobSetSamples } from './samples.ts';
import { jobSetStatus } from './status.ts';

const sample = jobSetSamples['two-services'];
if (sample === undefined) throw new Error('no such sample');
const made = buildStep(sample.order, sampleSettings, sampleContext).object;

function jobSet(suspend: boolean, conditions: readonly object[] = []): KubernetesObject {
  return { ...made, spec: { ...made.spec, suspend }, status: { conditions } };
}

/** As JobSet 0.12 writes it. */
const failedJobs = (job: string): object => ({
  type: 'Failed',
  status: 'True',
  reason: 'FailedJobs',
  message: `jobset failed due to one or more job failures (first failed job: ${job})`,
});

test.each([
  ['a new one', jobSet(true), { suspended: true }],
  ['one that waits', jobSet(true, [{ type: 'Suspended', status: 'True' }]), { suspended: true }],
  ['one that runs', jobSet(false, [{ type: 'Suspended', status: 'False' }]), { suspended: false }],
  [
    'one whose application has ended well',
    jobSet(false, [{ type: 'Completed', status: 'True', reason: 'AllJobsCompleted', message: 'jobset completed' }]),
    { suspended: false, end: { kind: 'complete' } },
  ],
] as const)('%s', (_name, object, status) => {
  expect(jobSetStatus(object)).toEqual(status);
});

test('one that failed, of its application or of a service', () => {
  const { name } = made.metadata;
  const endOf = (job: string) => jobSetStatus(jobSet(false, [failedJobs(job)])).end;
  expect(endOf(`${name}-step-0`)).toMatchObject({ kind: 'failed', reason: 'FailedJobs' });
  expect(endOf(`${name}-step-0`)).not.toHaveProperty('service');
  expect(endOf(`${name}-model-0`)).toMatchObject({ kind: 'failed', service: 'model' });
  expect(endOf('of-somebody-else')).not.toHaveProperty('service');
});
