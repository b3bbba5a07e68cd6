import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../client/object.ts';
import { jobStatus } from './status.ts';

function job(suspend: boolean, conditions?: readonly object[]): KubernetesObject {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x' }, spec: { suspend }, status: { conditions } };
}
const condition = (type: string, status = 'True') => ({ type, status, reason: 'Why', message: 'because' });

test.each([
  ['a new one', job(true), { suspended: true }],
  ['one that waits', job(true, [condition('Suspended')]), { suspended: true }],
  ['one that runs', job(false, [condition('Suspended', 'False')]), { suspended: false }],
  ['one whose pod is ending', job(false, [condition('SuccessCriteriaMet')]), { suspended: false }],
  ['one whose pods are being ended', job(false, [condition('FailureTarget')]), { suspended: false }],
  [
    'one that is complete',
    job(false, [condition('SuccessCriteriaMet'), condition('Complete')]),
    { suspended: false, end: { kind: 'complete' } },
  ],
  [
    'one that failed',
    job(false, [condition('FailureTarget'), condition('Failed')]),
    { suspended: false, end: { kind: 'failed', reason: 'Why', message: 'because' } },
  ],
  ['one that failed no more', job(false, [condition('Failed', 'False')]), { suspended: false }],
] as const)('the status of %s', (_name, object, expected) => {
  expect(jobStatus(object)).toEqual(expected);
});

test('of an object without a status', () => {
  expect(jobStatus({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x' } })).toEqual({ suspended: false });
});
