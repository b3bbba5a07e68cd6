import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cpuNames } from './cpus.ts';

test('names eight CPUs on a machine of two', () => {
  expect(cpuNames(8, 2)).toEqual(['cpu0', 'cpu1', 'cpu00', 'cpu01', 'cpu000', 'cpu001', 'cpu0000', 'cpu0001']);
});

test('every name is its own, and its number is that of a CPU that exists', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 128 }), (pretended, real) => {
      const names = cpuNames(pretended, real);
      expect(new Set(names).size).toBe(pretended);
      for (const name of names) expect(Number(name.slice(3))).toBeLessThan(real);
    }),
  );
});
