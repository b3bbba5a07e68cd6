/**
 * The agent's own output carries both streams of a step, a line of it each with its stream in front, so that `kubectl logs -c
 * agent` reads well. Here one stream is taken out of it again.
 */
export async function* streamLines(
  chunks: AsyncIterable<Uint8Array>,
  stream: 'stdout' | 'stderr',
): AsyncGenerator<Uint8Array> {
  const prefix = Buffer.from(`${stream} | `);
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(newline) + 1;
    rest = bytes.subarray(end);
    const wanted = linesWith(prefix, bytes.subarray(0, end));
    if (wanted.length > 0) yield wanted;
  }
  if (rest.length > 0) {
    const last = linesWith(prefix, rest);
    if (last.length > 0) yield last;
  }
}

const newline = 0x0a;

function linesWith(prefix: Buffer, bytes: Buffer): Buffer {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found + 1;
    if (bytes.subarray(start, start + prefix.length).equals(prefix))
      lines.push(bytes.subarray(start + prefix.length, end));
    start = end;
  }
  return Buffer.concat(lines);
}
