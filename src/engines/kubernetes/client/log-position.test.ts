import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogPosition } from './log-position.ts';

interface Line {
  /** Nanoseconds since the epoch. */
  readonly at: bigint;
  readonly text: Buffer;
}

const begin = BigInt(Date.parse('2026-11-24T02:44:02Z')) * 1_000_000n;

function stamp(at: bigint): string {
  const seconds = new Date(Number(at / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(at % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** What a kubelet answers: lines from a whole second on, cut off somewhere. */
function answer(lines: readonly Line[], since: string | undefined): Buffer {
  const from = since === undefined ? 0n : BigInt(Date.parse(since)) * 1_000_000n;
  return Buffer.concat(
    lines
      .filter(({ at }) => at >= from)
      .flatMap(({ at, text }) => [Buffer.from(`${stamp(at)} `), text, Buffer.from('\n')]),
  );
}

const lineList = fc
  .array(
    fc.record({
      // Steps of up to 0.9 s forward, and some microseconds back: two streams in one file.
      step: fc.oneof(fc.integer({ min: 0, max: 900_000_000 }), fc.integer({ min: -5000, max: 5000 }), fc.constant(0)),
      text: fc
        .oneof(fc.string({ maxLength: 30, unit: 'binary' }), fc.constant(''))
        .map((text) => Buffer.from(text.replaceAll('\n', ' '))),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let at = begin;
    return steps.map(({ step, text }): Line => {
      at += BigInt(step);
      return { at, text };
    });
  });

test('however often the connection breaks, and wherever: nothing lost, nothing twice', () => {
  fc.assert(
    fc.property(
      lineList,
      fc.array(fc.nat(400), { maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      (lines, breaks, pieceBytes) => {
        const position = new LogPosition(false);
        const out: Buffer[] = [];
        for (const bytes of [...breaks, Number.POSITIVE_INFINITY]) {
          const whole = answer(lines, position.since());
          position.begin();
          const given = whole.subarray(0, Math.min(bytes, whole.length));
          for (let at = 0; at < given.length; at += pieceBytes)
            out.push(...position.take(given.subarray(at, at + pieceBytes)));
        }
        expect(Buffer.concat(out)).toEqual(Buffer.concat(lines.flatMap(({ text }) => [text, Buffer.from('\n')])));
      },
    ),
    { numRuns: 500 },
  );
});

function read(position: LogPosition, text: string): string {
  return Buffer.concat(position.take(Buffer.from(text))).toString();
}

test('a log that was rotated meanwhile begins later, and none of it is skipped', () => {
  const position = new LogPosition(false);
  position.begin();
  expect(read(position, '2026-11-24T02:44:02.1Z a\n2026-11-24T02:44:02.2Z b\n')).toBe('a\nb\n');
  expect(position.since()).toBe('2026-11-24T02:44:01Z');
  position.begin();
  expect(read(position, '2026-11-24T02:44:02.3Z c\n2026-11-24T02:44:02.4Z d\n')).toBe('c\nd\n');
});

test('of a tail, older lines that a later reading brings are left out', () => {
  const position = new LogPosition(true);
  position.begin();
  expect(read(position, '2026-11-24T02:44:02.200Z b\n')).toBe('b\n');
  position.begin();
  expect(read(position, '2026-11-24T02:44:02.100Z a\n2026-11-24T02:44:02.200Z b\n2026-11-24T02:44:02.300Z c\n')).toBe(
    'c\n',
  );
});

test('the rest of a long line that began before is left out; words of the kubelet are handed on', () => {
  const position = new LogPosition(false);
  position.begin();
  expect(read(position, '2026-11-24T02:44:02.2+01:00 a\n')).toBe('a\n');
  expect(position.since()).toBe('2026-11-24T01:44:01Z');
  position.begin();
  expect(read(position, 'rest of a line\n2026-11-24T02:44:02.2+01:00 a\n2026-11-24T02:44:03+01:00 b\n')).toBe('b\n');
  expect(read(position, 'failed to watch file\n')).toBe('failed to watch file\n');
});
