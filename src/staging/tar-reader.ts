/** One entry of an archive; `path` has no leading `./` and no trailing slash. */
export interface TarEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  /** Target of a symbolic link. */
  readonly target: string;
  readonly mode: number;
  readonly modifiedMs: number;
  readonly content: Buffer;
}

const blockBytes = 512;

/**
 * Reads a tar archive as our own plugin makes it (Python's tarfile: ustar with pax headers) and as GNU tar does (long names).
 * Not a general reader: hard links, devices and sparse files are errors, since no archive of sources has them.
 */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  let extra: Readonly<Record<string, string>> = {};
  for (let at = 0; at + blockBytes <= archive.length; ) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) return;
    checkSum(header);
    const sizeBytes = Number(extra['size'] ?? numberAt(header, 124, 12));
    const content = archive.subarray(at + blockBytes, at + blockBytes + sizeBytes);
    if (content.length < sizeBytes) throw new Error('the archive ends in the middle of a file');
    at += blockBytes + Math.ceil(sizeBytes / blockBytes) * blockBytes;

    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'x') extra = { ...extra, ...paxRecords(content) };
    else if (type === 'L') extra = { ...extra, path: textOf(content) };
    else if (type === 'K') extra = { ...extra, linkpath: textOf(content) };
    else if (type !== 'g') {
      yield entryOf(header, type, content, extra);
      extra = {};
    }
  }
}

function entryOf(header: Buffer, type: string, content: Buffer, extra: Readonly<Record<string, string>>): TarEntry {
  // GNU's own magic ends in a space and has other things where ustar has a prefix.
  const prefix = textAt(header, 257, 6) === 'ustar' ? textAt(header, 345, 155) : '';
  const name = extra['path'] ?? (prefix === '' ? textAt(header, 0, 100) : `${prefix}/${textAt(header, 0, 100)}`);
  const kind = kinds[type];
  if (kind === undefined) throw new Error(`${name} is neither a file, a directory nor a symbolic link`);
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (name.startsWith('/') || segments.includes('..')) throw new Error(`${name} leads out of the archive`);
  return {
    path: segments.join('/'),
    kind,
    target: extra['linkpath'] ?? textAt(header, 157, 100),
    mode: numberAt(header, 100, 8),
    modifiedMs: Number(extra['mtime'] ?? numberAt(header, 136, 12)) * 1000,
    content,
  };
}

const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '5': 'directory',
  '2': 'link',
};

function checkSum(header: Buffer): void {
  let sum = 8 * 32;
  for (const [n, byte] of header.entries()) if (n < 148 || n >= 156) sum += byte;
  if (sum !== numberAt(header, 148, 8)) throw new Error('not a tar archive, or a damaged one');
}

function textAt(header: Buffer, begin: number, length: number): string {
  return textOf(header.subarray(begin, begin + length));
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

/** Octal digits, or binary if the first bit is set. */
function numberAt(header: Buffer, begin: number, length: number): number {
  const bytes = header.subarray(begin, begin + length);
  if (((bytes[0] ?? 0) & 0x80) !== 0) return bytes.readUIntBE(length - 6, 6);
  return Number.parseInt(textOf(bytes).trim() || '0', 8);
}

/** Records of the form `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record in bytes. */
function paxRecords(content: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const end = at + Number.parseInt(content.toString('latin1', at, space), 10);
    if (!(space > at && end > space)) throw new Error('a pax header that cannot be read');
    const text = content.toString('utf8', space + 1, end - 1);
    const equals = text.indexOf('=');
    records[text.slice(0, equals)] = text.slice(equals + 1);
    at = end;
  }
  return records;
}
