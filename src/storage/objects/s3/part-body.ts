import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { KonvergeError } from '../../../domain/error.ts';
import type { UploadedPart } from '../../../domain/manifest.ts';
import { crc32Of, writtenCrc32 } from './checksum.ts';

/** A part up to this size is read into memory; a larger one is read twice, for its checksum and to be sent. */
const largestInMemory = 16 * 2 ** 20;
const chunkBytes = 2 ** 20;

export interface FilePart {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

interface PartBody {
  readonly crc32: string;
  /** For one try of the request; a stream cannot be sent again. */
  open(): Buffer | Readable;
}

/** What a request with a part says of it, in the words of S3. */
interface PartFields {
  readonly Body: Buffer | Readable;
  readonly ContentLength: number;
  readonly ChecksumCRC32: string;
}

/** One try to send a part; what it has become there. */
export async function sendPart(
  part: FilePart & { readonly number: number },
  send: (fields: PartFields) => Promise<{ readonly ETag?: string | undefined }>,
): Promise<UploadedPart> {
  const body = await partBody(part);
  const { ETag = '' } = await send({ Body: body.open(), ContentLength: part.sizeBytes, ChecksumCRC32: body.crc32 });
  return { number: part.number, etag: ETag, sizeBytes: part.sizeBytes, crc32: body.crc32 };
}

async function partBody(part: FilePart): Promise<PartBody> {
  await using file = await open(part.path);
  if (part.sizeBytes > largestInMemory) {
    const checksum = await checksumOf(file, part);
    const { path, offset, sizeBytes } = part;
    return {
      crc32: checksum,
      open: () => createReadStream(path, { start: offset, end: offset + sizeBytes - 1, highWaterMark: chunkBytes }),
    };
  }
  const bytes = Buffer.allocUnsafe(part.sizeBytes);
  await readFully(file, bytes, part, part.offset);
  return { crc32: crc32Of(bytes), open: () => bytes };
}

async function checksumOf(file: FileHandle, part: FilePart): Promise<string> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let value = 0;
  for (let done = 0; done < part.sizeBytes; done += chunkBytes) {
    const chunk = buffer.subarray(0, Math.min(chunkBytes, part.sizeBytes - done));
    await readFully(file, chunk, part, part.offset + done);
    value = crc32(chunk, value);
  }
  return writtenCrc32(value);
}

async function readFully(file: FileHandle, into: Buffer, part: FilePart, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      const message = `${part.path} became shorter while it was uploaded: it ends before byte ${part.offset + part.sizeBytes}`;
      throw new KonvergeError('storage-failed', message, {
        hint: 'Something still writes to it; see that the command waits for all it has started.',
      });
    }
    done += bytesRead;
  }
}
