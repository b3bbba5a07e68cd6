import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../client/object.ts';
import { mpiJobStatus } from './status.ts';

function mpiJob(suspend: boolean, ...conditions: readonly object[]): KubernetesObject {
  const metadata = { name: 'simulate' };
  return {
    apiVersion: 'kubeflow.org/v2beta1',
    kind: 'MPIJob',
    metadata,
    spec: { runPolicy: { suspend } },
    status: { conditions },
  };
}

const running = { type: 'Running', status: 'True', reason: 'MPIJobRunning', message: '' };

test('an MPIJob that waits, runs, succeeds', () => {
  expect(mpiJobStatus(mpiJob(true))).toEqual({ suspended: true });
  expect(mpiJobStatus(mpiJob(false, running))).toEqual({ suspended: false });
  const succeeded = { type: 'Succeeded', status: 'True', reason: 'MPIJobSucceeded', message: 'done' };
  expect(mpiJobStatus(mpiJob(false, running, succeeded))).toEqual({ suspended: false, end: { kind: 'complete' } });
});

test('how it failed, without what the operator joins to it', () => {
  const failed = (reason: string, message: string) =>
    mpiJobStatus(mpiJob(false, { type: 'Failed', status: 'True', reason, message })).end;
  expect(failed('BackoffLimitExceeded/', 'Job has reached the specified backoff limit: ')).toEqual({
    kind: 'failed',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  });
  expect(failed('DeadlineExceeded', 'too long')).toMatchObject({ reason: 'DeadlineExceeded' });
  expect(failed('MPIJobEvicted', '1/2 workers are evicted')).toMatchObject({ message: '1/2 workers are evicted' });
});
