import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KonvergeError } from './error.ts';
import { formatBytes, formatCpuMillis, parseBytes, parseCpuMillis, parseQuantity } from './quantity.ts';

describe('Kubernetes quantities', () => {
  it.each([
    ['1', 1],
    ['500m', 0.5],
    ['0.5', 0.5],
    ['.5', 0.5],
    ['5.', 5],
    ['1k', 1000],
    ['1Ki', 1024],
    ['8Gi', 8 * 2 ** 30],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['1e3', 1000],
    ['12E6', 12e6],
    ['2E', 2e18],
    ['100n', 1e-7],
    [' 3Mi ', 3 * 2 ** 20],
  ])('reads %s', (text, value) => {
    expect(parseQuantity(text, 'here')).toBeCloseTo(value, 12);
  });

  it.each(['', 'x', '1KB', '1ki', '-1', '1 Gi', '0x10', '1e', 'Infinity', 'NaN', '1,5'])(
    'refuses %j and says where',
    (text) => {
      expect(() => parseQuantity(text, 'konverge.yaml: local.queues.big.cpu')).toThrow(KonvergeError);
      expect(() => parseQuantity(text, 'konverge.yaml: local.queues.big.cpu')).toThrow(/local\.queues\.big\.cpu/);
    },
  );

  it('rounds up to whole millicores and bytes, but not by an error of floating point', () => {
    expect(parseCpuMillis('0.0001', '')).toBe(1);
    expect(parseCpuMillis('0.57', '')).toBe(570);
    expect(parseCpuMillis(1.1, '')).toBe(1100);
    expect(parseBytes('0.1', '')).toBe(1);
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(parseBytes(formatBytes(bytes), '')).toBe(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (millis) => {
        expect(parseCpuMillis(formatCpuMillis(millis), '')).toBe(millis);
      }),
    );
  });
});
