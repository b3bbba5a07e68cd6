import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRuntimeMs } from './runtime.ts';

describe('runtimes', () => {
  it.each([
    [10, 600_000],
    ['10', 600_000],
    [0.5, 30_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1h 30m', 5_400_000],
    ['2d', 172_800_000],
    ['1 day, 2 hours', 93_600_000],
    ['1w', 604_800_000],
    ['5 Minutes', 300_000],
  ])('reads %s', (value, ms) => {
    expect(parseRuntimeMs(value, 'here')).toBe(ms);
  });

  it.each(['', 'soon', '5x', '-5m', '0', '0m', 'h5', '1:30'])('refuses %j', (text) => {
    expect(() => parseRuntimeMs(text, 'rule a, resource runtime')).toThrow(/rule a, resource runtime/);
  });

  it('adds its parts', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(59), fc.integer({ min: 1, max: 59 }), (hours, minutes, seconds) => {
        expect(parseRuntimeMs(`${hours}h${minutes}m${seconds}s`, '')).toBe(
          ((hours * 60 + minutes) * 60 + seconds) * 1000,
        );
      }),
    );
  });
});
