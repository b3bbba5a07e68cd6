import { describe, expect, test } from 'vitest';
import { counted, isOfPodsIn, isWrite, requestOf } from './audit-log.ts';

function line(change: object): string {
  const event = {
    stage: 'ResponseComplete',
    verb: 'create',
    user: { username: 'bench', groups: ['system:masters'] },
    sourceIPs: ['127.0.0.1'],
    objectRef: { resource: 'jobs', namespace: 'here' },
  };
  return JSON.stringify({ ...event, ...change });
}

function request(user: string, ...sourceIps: string[]) {
  return { verb: 'get', user, sourceIps, resource: '', namespace: '' };
}

test('each request counts once: a watch when it begins, others when they are answered', () => {
  const made = { verb: 'create', user: 'bench', sourceIps: ['127.0.0.1'], resource: 'jobs', namespace: 'here' };
  expect(requestOf(line({}))).toEqual(made);
  expect(requestOf(line({ stage: 'ResponseStarted' }))).toBeUndefined();
  expect(requestOf(line({ verb: 'watch' }))).toBeUndefined();
  expect(requestOf(line({ verb: 'watch', stage: 'ResponseStarted' }))).toMatchObject({ verb: 'watch' });
});

test('a path that is no resource, and a line that is half written', () => {
  expect(requestOf(line({ objectRef: undefined, verb: 'get' }))).toMatchObject({ resource: '', namespace: '' });
  expect(requestOf(line({}).slice(0, -5))).toBeUndefined();
});

describe('requests of the pods of a namespace', () => {
  test.each([
    ['its service account', request('system:serviceaccount:here:default', '10.88.0.17'), true],
    ['nobody, from the network of pods', request('system:anonymous', '10.88.3.4'), true],
    ['a pod of another namespace', request('system:serviceaccount:there:default', '10.88.0.17'), false],
    ['a namespace whose name begins alike', request('system:serviceaccount:here-too:default', '10.88.0.17'), false],
    ['the core on this machine', request('bench', '127.0.0.1'), false],
    ['this machine by its address among the pods', request('bench', '10.88.0.1'), false],
  ])('%s', (_, made, is) => {
    expect(isOfPodsIn('here')(made)).toBe(is);
  });
});

test('a question about rights is no write', () => {
  const made = { ...request('bench'), verb: 'create', resource: 'jobs' };
  expect(isWrite(made)).toBe(true);
  expect(isWrite({ ...made, resource: 'selfsubjectaccessreviews' })).toBe(false);
  expect(isWrite({ ...made, verb: 'watch' })).toBe(false);
});

test('what was asked, the most frequent first', () => {
  const requests = [request('a'), { ...request('a'), verb: 'create', resource: 'jobs' }, request('b')];
  expect(counted(requests)).toBe('2 get of no resource, 1 create jobs');
  expect(counted([])).toBe('none');
});
