import { expect, test } from 'vitest';
import { mergeTests, vitestWords } from './run-again.mjs';

const passed = (name: string) => ({ name, outcome: 'passed', reason: '' }) as const;
const failed = (name: string, reason = 'boom') => ({ name, outcome: 'failed', reason }) as const;

test('what failed counts as it ended alone, and what passed has passed', () => {
  const first = [passed('a'), failed('b', 'late'), failed('c'), failed('d')];
  const second = [failed('a'), passed('b'), failed('c', 'again')];
  expect(mergeTests(first, second)).toEqual({
    // Of d nothing was heard any more: it has failed.
    tests: [passed('a'), passed('b'), failed('c'), failed('d')],
    mended: [failed('b', 'late')],
  });
});

test('only what failed is run again', () => {
  expect(vitestWords([failed('test/a.test.ts: group > case (1)'), failed('test/a.test.ts: other')])).toEqual([
    'test/a.test.ts',
    String.raw`--testNamePattern=(case \(1\)|other)$`,
  ]);
  expect(vitestWords([failed('test/a.test.ts')])).toEqual(['test/a.test.ts']);
});
