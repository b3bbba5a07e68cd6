import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSizeBytes } from './size.ts';

describe('Snakemake sizes', () => {
  it.each([
    ['5MB', 5_000_000],
    ['10 GB', 10_000_000_000],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['200kb', 200_000],
    ['17', 17],
    ['2 gigabytes', 2e9],
    ['1M', 1_000_000],
  ])('reads %s', (text, bytes) => {
    expect(parseSizeBytes(text, 'here')).toBe(bytes);
  });

  it.each(['', 'GB', '5 XB', '-5MB', '5M B', '1e9'])('refuses %j', (text) => {
    expect(() => parseSizeBytes(text, 'rule a, resource mem')).toThrow(/rule a, resource mem/);
  });

  it('never gives less than what is written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.constantFrom('KB', 'MB', 'GB', 'KiB', 'MiB', 'GiB'),
        (amount, unit) => {
          expect(parseSizeBytes(`${amount}${unit}`, '')).toBeGreaterThanOrEqual(amount);
        },
      ),
    );
  });
});
