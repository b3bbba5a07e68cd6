import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSchedulerMessage } from './scheduler-message.ts';

const prefix = "couldn't assign flavors to pod set main: ";
const tooLarge = (flavor: string) =>
  `insufficient quota for memory in flavor ${flavor}, previously considered podsets requests (1Gi) + current podset request (8Gi) > maximum capacity (4Gi)`;
const busy = (flavor: string) => `insufficient unused quota for cpu in flavor ${flavor}, 500m more needed`;

test.each([
  [prefix + tooLarge('a'), 'never', 'asks for 8Gi memory beside 1Gi of its other pods, and flavor a has 4Gi at most'],
  [prefix + busy('a'), 'later', '500m more cpu needed in flavor a'],
  [`${prefix}${tooLarge('a')}, ${busy('b')}`, 'later', expect.stringContaining('; 500m more cpu needed in flavor b')],
  // The same flavor is too small for one resource and busy in another one: there is nothing to wait for.
  [`${prefix}${tooLarge('a')}, ${busy('a')}`, 'never', expect.stringContaining('4Gi at most')],
  [`${prefix}${busy('a')}; couldn't assign flavors to pod set worker: ${tooLarge('a')}`, 'never', expect.any(String)],
  [
    `${prefix}${busy('a')}. Pending the preemption of 2 workload(s)`,
    'later',
    '500m more cpu needed in flavor a; 2 of lower priority being preempted for it',
  ],
  [
    `${prefix}flavor a doesn't match node affinity, untolerated taint {gpu true NoSchedule <nil>} in flavor b`,
    'unknown',
    'does not tolerate the taint {gpu true NoSchedule <nil>} of flavor b; wants other nodes than those of flavor a',
  ],
  [`${prefix}flavor a doesn't match node affinity, ${tooLarge('b')}`, 'never', expect.any(String)],
  // Words that we do not know stay, all of them.
  [`${prefix}${busy('a')}, and the moon is full`, 'later', `${prefix}${busy('a')}, and the moon is full`],
  ["LocalQueue nosuch doesn't exist", 'unknown', "LocalQueue nosuch doesn't exist"],
  ['', 'unknown', ''],
])('%s', (message, verdict, text) => {
  expect(parseSchedulerMessage(message)).toEqual({ verdict, text });
});

test('other words are given back as they are', () => {
  fc.assert(
    fc.property(fc.string(), (message) => {
      fc.pre(!/insufficient|unavailable|untolerated|match node affinity|Pending the preemption/.test(message));
      expect(parseSchedulerMessage(message)).toEqual({ verdict: 'unknown', text: message });
    }),
  );
});

test('never is not said while some flavor may take it', () => {
  const name = fc.stringMatching(/^[a-z]{1,4}$/);
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), name, (small, full) => {
      fc.pre(!small.includes(full));
      const phrases = [...small.map(tooLarge), busy(full)].sort();
      expect(parseSchedulerMessage(prefix + phrases.join(', ')).verdict).toBe('later');
      expect(parseSchedulerMessage(prefix + small.map(tooLarge).join(', ')).verdict).toBe('never');
    }),
  );
});
