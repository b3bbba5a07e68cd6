import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxReportBytes, parsePodEnd, parsePodReport, serializePodReport } from './pod-handshake.ts';
import type { PodReport } from './pod-job.ts';

const whole = `begun 100.50
memory 1000
cpu usage_usec 500000
cpu user_usec 400000
io 8:0 rbytes=10 wbytes=20 rios=1
command 0 102.00
0m0.00s 0m0.00s
0m1.20s 0m0.10s
memory 5000
cpu usage_usec 1900000
io 8:0 rbytes=110 wbytes=20 rios=1
io 8:16 rbytes=5 wbytes=7 rios=1
command 3 103.00
0m0.00s 0m0.00s
0m1.50s 0m0.10s
exit 3
end
`;

describe('the end of the commands', () => {
  test('it is read with the usage of each command', () => {
    expect(parsePodEnd(whole)).toEqual({
      exitCode: 3,
      usage: [
        { wallMs: 1500, cpuMs: 1400, maxRssBytes: 5000, ioReadBytes: 105, ioWriteBytes: 7 },
        { wallMs: 1000, cpuMs: 300 },
      ],
    });
  });

  test('the kernel has killed something in it, or had before', () => {
    const end = (before: number, after: number) =>
      parsePodEnd(`begun 1\noom_kill ${before}\ncommand 137 2\nmemory 9\noom_kill ${after}\nexit 137\nend\n`);
    expect(end(0, 1)).toMatchObject({ exitCode: 137, outOfMemory: true });
    expect(end(2, 2)).not.toHaveProperty('outOfMemory');
  });

  test('no part of the file is taken for the whole', () => {
    for (let length = 0; length < whole.length; length += 1)
      expect(parsePodEnd(whole.slice(0, length))).toBeUndefined();
  });

  test('a working directory that is not there is no exit code', () => {
    expect(parsePodEnd('end nodir\n')).toEqual({ usage: [], refused: 'nodir' });
  });

  test('anything else in the file is no success', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const end = parsePodEnd(`${text}\nend\n`);
        expect(end?.exitCode === 0 && !/(^|\n)exit 0+$/.test(text)).toBe(false);
        for (const { wallMs } of end?.usage ?? []) expect(wallMs).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

const text = fc.string({ unit: 'binary', maxLength: 3000 });
const figure = fc.nat();
const report: fc.Arbitrary<PodReport> = fc
  .record(
    {
      exitCode: fc.nat(255),
      outOfMemory: fc.constant(true as const),
      manifest: fc.record({
        at: fc.record({
          store: fc.constant('s3'),
          bucket: fc.string({ maxLength: 63 }),
          key: fc.string({ maxLength: 500 }),
        }),
      }),
      usage: fc.array(fc.record({ wallMs: figure, cpuMs: figure, maxRssBytes: figure }), { maxLength: 80 }),
      error: fc.record({ code: fc.constantFrom('disk-full', 'output-missing'), message: text, hint: text }),
      tail: text,
    },
    { requiredKeys: ['usage'] },
  )
  .map((parts) => ({ version: 1, ...parts }));

describe('a report', () => {
  test('it is one line that any shell reads, and never too long', () => {
    fc.assert(
      fc.property(report, (given) => {
        const line = serializePodReport(given);
        expect(line).toMatch(/^[\x20-\x7e]*$/);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(maxReportBytes);
      }),
    );
  });

  test('what decides about the step always arrives, and texts are the same or say that they are cut', () => {
    fc.assert(
      fc.property(report, (given) => {
        const read = parsePodReport(serializePodReport(given));
        expect(read?.exitCode).toBe(given.exitCode);
        expect(read?.manifest).toEqual(given.manifest);
        expect(read?.error?.code).toBe(given.error?.code);
        expect(given.usage.slice(0, read?.usage.length)).toEqual(read?.usage);
        const { tail, error } = read ?? {};
        if (tail !== undefined && tail !== given.tail) expect(tail).toMatch(/^\[cut\] /);
        for (const name of ['message', 'hint'] as const) {
          const shown = error?.[name];
          if (shown !== undefined && shown !== given.error?.[name]) expect(shown).toMatch(/ \[cut\]$/);
        }
        if (serializePodReport(given).length < 3000) expect(read).toEqual(given);
      }),
    );
  });

  test('a long tail loses its beginning', () => {
    const tail = `${'\u6f22'.repeat(5000)} the end`;
    const read = parsePodReport(serializePodReport({ version: 1, exitCode: 1, usage: [], tail }));
    expect(read?.tail).toMatch(/^\[cut\] \u6f22+ the end$/);
    expect(read?.tail?.length).toBeGreaterThan(600);
  });

  test('the wrapper can tell an error from a text with its words', () => {
    const words = '"error":{"code":"disk-full"}';
    expect(serializePodReport({ version: 1, usage: [], tail: words })).not.toContain('"error":{');
    const error = { code: 'disk-full', message: words, hint: words } as const;
    expect(serializePodReport({ version: 1, usage: [], error }).split('"error":{').length).toBe(2);
  });

  test.each(['', 'null', '[]', '{}', '{"version":2}', 'words'])('%s is none', (other) => {
    expect(parsePodReport(other)).toBeUndefined();
  });

  test('what somebody else has made of one is taken as far as it makes sense', () => {
    const odd = {
      version: 1,
      exitCode: 'x',
      manifest: 3,
      usage: [{}, { wallMs: -1 }, 4],
      error: { code: 'constructor' },
      tail: 9,
    };
    expect(parsePodReport(JSON.stringify(odd))).toEqual({ version: 1, usage: [] });
    const error = { code: 'constructor', message: 'm', hint: 'h' };
    expect(parsePodReport(JSON.stringify({ version: 1, error }))?.error?.code).toBe('internal');
  });
});
