import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LinePrinter } from './line-printer.ts';

function printed(chunks: readonly Buffer[]): string {
  return printedFrom(() => chunks);
}

function printedFrom(chunks: () => Iterable<Buffer>): string {
  let output = '';
  const printer = new LinePrinter(
    'out',
    (text) => {
      output += text.toString('latin1');
    },
    () => 0,
  );
  for (const chunk of chunks()) printer.take(chunk);
  printer.finish();
  return output;
}

test('lines come out whole, wherever the chunks end', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (arrays) => {
      const chunks = arrays.map((bytes) => Buffer.from(bytes));
      const lines = Buffer.concat(chunks).toString('latin1').split('\n');
      if (lines.at(-1) === '') lines.pop();
      expect(printed(chunks)).toBe(lines.map((line) => `out | ${line}\n`).join(''));
    }),
  );
});

test('a line without an end is cut, and takes no memory', () => {
  const chunks = Array.from({ length: 1000 }, () => Buffer.alloc(10_000, 'x'));
  expect(printed([...chunks, Buffer.from('\nnext')])).toBe(`out | ${'x'.repeat(2000)} [cut]\nout | next\n`);
});

test('lines beyond the rate are counted, and said when there is room again', () => {
  let nowMs = 0;
  let output = '';
  const printer = new LinePrinter(
    'out',
    (text) => {
      output += text.toString();
    },
    () => nowMs,
  );
  for (let n = 0; n < 700; n += 1) printer.take(Buffer.from(`${n}\n`));
  nowMs = 1000;
  printer.take(Buffer.from('later\n'));
  printer.finish();
  expect(output.split('\n').slice(499, 502)).toEqual(['out | 499', 'out | [200 lines left out here]', 'out | later']);
});

test('the last lines are shown, however many came before them', () => {
  const lines = Array.from({ length: 2000 }, (_, n) => `line ${n}\n`).join('');
  const reused = Buffer.alloc(64);
  const output = printedFrom(function* () {
    for (let begin = 0; begin < lines.length; begin += reused.length) {
      yield reused.subarray(0, reused.write(lines.slice(begin, begin + reused.length)));
    }
    yield Buffer.from('unfinished');
  });
  const last = Array.from({ length: 50 }, (_, n) => `out | line ${1950 + n}`);
  expect(output.split('\n').slice(499)).toEqual([
    'out | line 499',
    'out | [1450 lines left out here]',
    ...last,
    'out | unfinished',
    '',
  ]);
});
