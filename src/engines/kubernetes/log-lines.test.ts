import fc from 'fast-check';
import { expect, it } from 'vitest';
import { streamLines } from './log-lines.ts';

async function taken(chunks: readonly Uint8Array[], stream: 'stdout' | 'stderr'): Promise<string> {
  const parts: Uint8Array[] = [];
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  for await (const part of streamLines(source(), stream)) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

it('takes one stream out of the lines of both, wherever the chunks are cut', async () => {
  const line = fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    text: fc.string({ unit: 'grapheme' }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(40)), async (lines, cuts) => {
      const clean = lines.map(({ stream, text }) => ({ stream, text: text.replaceAll('\n', ' ') }));
      const all = Buffer.from(clean.map(({ stream, text }) => `${stream} | ${text}\n`).join(''));
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(all.subarray(at, at + cut));
        at += cut;
      }
      chunks.push(all.subarray(at));
      for (const stream of ['stdout', 'stderr'] as const) {
        const wanted = clean.filter((one) => one.stream === stream).map(({ text }) => `${text}\n`);
        expect(await taken(chunks, stream)).toBe(wanted.join(''));
      }
    }),
  );
});

it('leaves out what is of neither, and keeps a last line without an end', async () => {
  const text = 'agent: ready\nstdout | a\nstderr | b\nstdout | c';
  expect(await taken([Buffer.from(text)], 'stdout')).toBe('a\nc');
  expect(await taken([Buffer.from(text)], 'stderr')).toBe('b\n');
});
