import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { UploadedPart } from '../../../domain/manifest.ts';

/** CRC-32 as S3 writes it: base64 of the four bytes, the highest first. */
export function crc32Of(bytes: Uint8Array): string {
  return writtenCrc32(crc32(bytes));
}

export function writtenCrc32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

/**
 * The ETag that an upload of these parts gets where ETags are MD5 sums (AWS without KMS, and most others): the MD5 of the
 * parts' MD5s, and how many they were. Undefined where the parts' own are no MD5s.
 */
export function etagOfParts(parts: readonly UploadedPart[]): string | undefined {
  const hash = createHash('md5');
  for (const { etag } of parts) {
    const [, digest] = /^"?([0-9a-f]{32})"?$/.exec(etag) ?? [];
    if (digest === undefined) return undefined;
    hash.update(Buffer.from(digest, 'hex'));
  }
  return `"${hash.digest('hex')}-${parts.length}"`;
}
