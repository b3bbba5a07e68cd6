import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { KonvergeError } from '../domain/error.ts';
import type { PendingObject, UploadedPart } from '../domain/manifest.ts';
import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { OpenUpload } from '../ports/object-store.ts';
import type { CallContext } from './agent-context.ts';
import { diskError } from './disk-error.ts';
import { forEachBounded } from './for-each-bounded.ts';
import type { Journal } from './journal.ts';
import { type ByteRange, partsOf, placeOf } from './transfer-plan.ts';

/** A local file and where it goes. */
export interface OutgoingFile {
  readonly path: string;
  readonly at: ObjectLocation;
  /** See PendingObject. */
  readonly phase: number;
}

const partsOfOneFileAtOnce = 8;

/**
 * Sends a file as an upload that stays open. `former` is one that an agent which was killed has opened: parts of it that are
 * equal to the file's are not sent again. A file that changes meanwhile is sent once more.
 */
export async function uploadOpen(
  context: CallContext,
  journal: Journal,
  file: OutgoingFile,
  former: OpenUpload | undefined,
  signal: AbortSignal,
): Promise<PendingObject> {
  const store = context.store(file.at.store);
  for (let tries = 1; ; tries += 1) {
    const before = await stampOf(file.path);
    const sizeBytes = Number(before.sizeBytes);
    const known = tries === 1 && former !== undefined ? await formerParts(context, former, signal) : undefined;
    const upload =
      former !== undefined && known !== undefined ? former : await openNoted(context, journal, file.at, signal);
    context.liveUploads.add(upload.uploadId);

    const parts: UploadedPart[] = [];
    await forEachBounded(
      [...partsOf(sizeBytes).entries()],
      partsOfOneFileAtOnce,
      signal,
      async ([n, range], signal) => {
        const number = n + 1;
        const sent = known?.get(number);
        if (sent !== undefined && (await isSame(file.path, range, sent))) {
          parts[n] = sent;
          return;
        }
        const part = { number, path: file.path, offset: range.begin, sizeBytes: range.end - range.begin };
        parts[n] = await context.parts.run(signal, () => store.uploadPart(upload, part, signal));
      },
    );
    const after = await stampOf(file.path);
    if (before.sizeBytes === after.sizeBytes && before.modifiedNs === after.modifiedNs) {
      return { at: file.at, uploadId: upload.uploadId, sizeBytes, parts, phase: file.phase };
    }
    await store.abortUpload(upload, signal);
    journal.isGone(upload);
    context.liveUploads.delete(upload.uploadId);
    if (tries >= 2) {
      throw new KonvergeError('output-invalid', `${file.path} still changes while it is uploaded`, {
        hint: 'A process that the command has left behind writes to it: let the command wait for it.',
      });
    }
    context.logger.warn({ object: describeLocation(file.at) }, 'a file changed while it was uploaded; sent once more');
  }
}

/** The note comes first: an agent that is killed in between leaves a trace of an upload that nobody knows. */
async function openNoted(
  context: CallContext,
  journal: Journal,
  at: ObjectLocation,
  signal: AbortSignal,
): Promise<OpenUpload> {
  return await context.requests.run(signal, async () => {
    journal.intend(at, Date.now());
    const upload = { at, uploadId: await context.store(at.store).openUpload(at, signal) };
    journal.wasOpened(upload);
    return upload;
  });
}

/** Servers' clocks and ours differ a little. */
const skewMs = 60_000;

/**
 * Ends uploads that a killed agent opened for this step and could not note. Only younger ones than the note that it was about
 * to: an older one belongs to somebody else.
 */
export async function abortUnnoted(context: CallContext, journal: Journal, signal: AbortSignal): Promise<void> {
  const noted = new Set(journal.opened().map(({ uploadId }) => uploadId));
  await forEachBounded(journal.unresolved(), 8, signal, async ({ at, atMs }, signal) => {
    const store = context.store(at.store);
    for await (const upload of store.listUploads(at, signal)) {
      const ours = placeOf(upload.at) === placeOf(at) && upload.initiatedMs >= atMs - skewMs;
      if (ours && !noted.has(upload.uploadId)) await store.abortUpload(upload, signal);
    }
    journal.resolved(at);
  });
}

/** Undefined if the upload is gone. */
async function formerParts(
  context: CallContext,
  former: OpenUpload,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, UploadedPart> | undefined> {
  try {
    const parts = await context.requests.run(signal, () => context.store(former.at.store).listParts(former, signal));
    return new Map(parts.map((part) => [part.number, part]));
  } catch (error) {
    if (error instanceof KonvergeError && error.code === 'upload-missing') return undefined;
    throw error;
  }
}

/** Whether a part in storage has the bytes of the file: by CRC-32 if the store kept it, else by MD5, which most ETags are. */
async function isSame(path: string, { begin, end }: ByteRange, part: UploadedPart): Promise<boolean> {
  if (part.sizeBytes !== end - begin) return false;
  const md5 = createHash('md5');
  let crc = 0;
  await using file = await open(path, 'r');
  if (end > begin) {
    for await (const piece of file.createReadStream({ start: begin, end: end - 1, autoClose: false })) {
      md5.update(piece as Buffer);
      crc = crc32(piece as Buffer, crc);
    }
  }
  if (part.crc32 !== undefined) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc);
    return bytes.toString('base64') === part.crc32;
  }
  return part.etag.replaceAll('"', '') === md5.digest('hex');
}

async function stampOf(path: string): Promise<{ readonly sizeBytes: bigint; readonly modifiedNs: bigint }> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true });
    return { sizeBytes: size, modifiedNs: mtimeNs };
  } catch (cause) {
    throw diskError(path, cause);
  }
}
