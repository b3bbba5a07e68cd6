/** One member of a tar archive; a path of at most 100 bytes, without a slash at its begin. */
export interface TarMember {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  readonly mode: number;
  readonly sizeBytes: number;
  /** Of a link. */
  readonly target?: string;
}

export const blockBytes = 512;

/** The header of a member, in the format of POSIX.1-1988; owner root, time 0: the same content gives the same archive. */
export function tarHeader({ path, kind, mode, sizeBytes, target = '' }: TarMember): Buffer {
  const name = kind === 'directory' ? `${path}/` : path;
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(target) > 100) throw new Error(`too long for tar: ${path}`);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(0, 11), 136);
  header.write({ file: '0', link: '2', directory: '5' }[kind], 156);
  header.write(target, 157);
  header.write('ustar\0' + '00', 257);
  // The sum is made with its own field full of spaces.
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

/** What follows a member's content, up to a whole block. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** What an archive ends with. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/** A whole member. */
export function* tarText(path: string, text: string): Generator<Buffer> {
  const content = Buffer.from(text);
  yield tarHeader({ path, kind: 'file', mode: 0o644, sizeBytes: content.length });
  yield content;
  yield tarPadding(content.length);
}

function octal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) throw new Error(`too large for tar: ${value}`);
  return text;
}
