import { expect, test } from 'vitest';
import { hostsAreKnown } from './known-hosts.ts';

const never = new AbortController().signal;

test('hosts that have an address', async () => {
  await expect(hostsAreKnown(['localhost', '127.0.0.1'], never)).resolves.toBeUndefined();
  await expect(hostsAreKnown([], never)).resolves.toBeUndefined();
});

test('one that has none, after a while', async () => {
  await expect(hostsAreKnown(['localhost', 'nobody.invalid'], never, 300)).rejects.toMatchObject({
    code: 'workload-lost',
    message: expect.stringMatching(/^the host nobody\.invalid of another pod of the step is not known \(E[A-Z_]+\)$/),
  });
});

test('the pod ends meanwhile', async () => {
  await expect(hostsAreKnown(['nobody.invalid'], AbortSignal.timeout(200))).rejects.toThrow(/aborted/);
});
