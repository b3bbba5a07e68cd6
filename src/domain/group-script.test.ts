import { describe, expect, test } from 'vitest';
import { member } from '../../test/group-member.ts';
import { wavesOf } from './group-script.ts';

describe('waves', () => {
  test('members are packed into the threads of the group, in order', () => {
    const level = [3, 2, 1, 9].map((threads, index) => member(`m${index}`, '', { threads }));
    expect(wavesOf(level, 4).map((wave) => wave.map(({ name }) => name))).toEqual([['m0', 'm2'], ['m1'], ['m3']]);
  });

  test('what is tied together by a pipe or a service runs at once', () => {
    const level = [member('a', '', { threads: 4, pipes: ['p'] }), member('b', '', { threads: 4 })];
    expect(wavesOf(level, 4)).toEqual([level]);
  });
});
