import { expect, test } from 'vitest';
import { parseGates } from './gates.ts';

test.each([
  ['example.com/budget', ['example.com/budget']],
  [' example.com/budget, lab/data ,lab/data', ['example.com/budget', 'lab/data']],
  [
    ['a.b/c', 'd.e/f'],
    ['a.b/c', 'd.e/f'],
  ],
  ['', []],
] as const)('%j', (text, gates) => {
  expect(parseGates(text, 'here')).toEqual(gates);
});

test.each(['budget', 'example.com/', '/budget', 'Example.com/budget', `example.com/${'x'.repeat(52)}`])(
  'refuses %j',
  (text) => {
    expect(() => parseGates(text, 'rule a, resource kueue_gates')).toThrow(
      /^rule a, resource kueue_gates: ".*" is not the name of a gate/,
    );
  },
);

test('refuses a name of a list that holds two', () => {
  expect(() => parseGates(['a.b/c, d.e/f'], 'here')).toThrow('"a.b/c, d.e/f" is not the name of a gate');
});
