import { expect, test } from 'vitest';
import { configurationFrom } from './parse.ts';

test('a setting in seconds may be a number, a number in quotes, or carry its unit', () => {
  const graceOf = (cancel_grace: number | string): number =>
    configurationFrom({ local: { cancel_grace } }).local.cancelGraceMs;
  expect([graceOf(10), graceOf('10'), graceOf('10s'), graceOf('1m'), graceOf(0)]).toEqual([
    10_000, 10_000, 10_000, 60_000, 0,
  ]);
});
