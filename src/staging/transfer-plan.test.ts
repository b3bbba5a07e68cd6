import { expect, test } from 'vitest';
import { coveringPrefixes, groupByParent, partsOf, placeOf, segmentsOf } from './transfer-plan.ts';

const mebibyte = 1024 * 1024;
const at = (key: string, bucket = 'b') => ({ store: 's3', bucket, key });

test('an empty file has one empty part', () => {
  expect(partsOf(0)).toEqual([{ begin: 0, end: 0 }]);
  expect(segmentsOf(0)).toEqual([{ begin: 0, end: 0 }]);
});

test.each([1, 8 * mebibyte, 8 * mebibyte + 1, 300 * mebibyte, 5 * 1024 ** 4])(
  'parts and segments cover %d bytes',
  (size) => {
    for (const ranges of [partsOf(size), segmentsOf(size)]) {
      expect(ranges[0]?.begin).toBe(0);
      expect(ranges.at(-1)?.end).toBe(size);
      for (const [n, range] of ranges.entries()) {
        expect(range.end).toBeGreaterThan(range.begin);
        if (n > 0) expect(range.begin).toBe(ranges[n - 1]?.end);
      }
    }
    expect(partsOf(size).length).toBeLessThanOrEqual(9000);
  },
);

test('all parts but the last are equal, as some servers want it, and whole mebibytes', () => {
  const sizes = partsOf(100 * 1024 ** 3 + 7).map(({ begin, end }) => end - begin);
  expect(new Set(sizes.slice(0, -1)).size).toBe(1);
  expect((sizes[0] ?? 1) % mebibyte).toBe(0);
});

test('keys that a server may keep in one place are one', () => {
  expect(placeOf(at('a//b'))).toBe(placeOf(at('a/./b/')));
  expect(placeOf(at('a/b'))).not.toBe(placeOf(at('a/b', 'c')));
});

test('locations are grouped by parent within a bucket', () => {
  const groups = groupByParent([at('x/1'), at('x/2'), at('y/1'), at('x/1', 'c'), at('top')], (item) => item);
  expect(groups.map(({ prefix, members }) => [prefix.bucket, prefix.key, members.length])).toEqual([
    ['b', 'x/', 2],
    ['b', 'y/', 1],
    ['c', 'x/', 1],
    ['b', '', 1],
  ]);
});

test('a few prefixes cover many keys', () => {
  const keys = Array.from({ length: 2000 }, (_, n) => at(`run/samples/${n}/out.txt`));
  expect(coveringPrefixes([...keys, at('run/top.txt')], 16)).toEqual([at('run/')]);
  expect(coveringPrefixes([at('a/1'), at('b/1')], 16)).toEqual([at('a/'), at('b/')]);
  expect(coveringPrefixes([at('a/1'), at('b/1', 'c')], 1)).toEqual([at('a/'), at('b/', 'c')]);
});
