import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { KonvergeError } from '../../../src/domain/error.ts';
import type { UploadedPart } from '../../../src/domain/manifest.ts';
import type { ObjectLocation } from '../../../src/domain/object-location.ts';
import type { ObjectStore, OpenUpload } from '../../../src/ports/object-store.ts';
import { serverLack } from '../../object-store-server/lack.ts';
import { type ObjectStoreServer, startObjectStoreServer } from '../../object-store-server/server.ts';
import { testUnless } from '../../test-unless.ts';
import { type EmptyStore, type Need, type Subject, subjects } from './subjects.ts';

/** The smallest part that S3 takes where it is not the last one. */
export const smallestPart = 5 * 2 ** 20;

const lack = await serverLack();
let server: Promise<ObjectStoreServer> | undefined;

/** One for the cases of a file. */
export function sharedServer(): Promise<ObjectStoreServer> {
  server ??= startObjectStoreServer();
  return server;
}

afterAll(async () => {
  await (await server)?.stop();
});

/** The same case over every store; where one cannot do it, or the machine cannot run it, the report says why. */
export function eachStore(name: string, run: (place: Place) => Promise<void>, ...needs: readonly Need[]): void {
  for (const subject of subjects) {
    const reason = needs.map((need) => subject.unsupported[need]).find((text) => text !== undefined);
    const missing = subject.needsServer ? lack : undefined;
    testUnless(missing ?? (reason && `not supported: ${reason}`), `${subject.name}: ${name}`, async () =>
      run(await Place.of(subject)),
    );
  }
}

/** A case that needs the S3 server. */
export function testWithServer(name: string, run: () => Promise<void>): void {
  testUnless(lack, name, run);
}

/** An empty store, a client for it, a folder for local files, and short words for what cases do with them. */
export class Place {
  readonly store: ObjectStore;
  readonly folder: string;
  readonly root: ObjectLocation;
  readonly #empty: EmptyStore;
  #files = 0;

  constructor(empty: EmptyStore, folder: string) {
    this.#empty = empty;
    this.folder = folder;
    this.root = empty.root;
    this.store = this.another();
  }

  /** Everything goes when the test is over. */
  static async of(subject: Pick<Subject, 'open'>): Promise<Place> {
    const empty = await subject.open(sharedServer);
    onTestFinished(() => empty.close());
    return new Place(empty, await localFolder());
  }

  another(): ObjectStore {
    const store = this.#empty.open();
    onTestFinished(() => store.close());
    return store;
  }

  at(name: string): ObjectLocation {
    return { ...this.root, key: this.root.key + name };
  }

  async file(content: Uint8Array): Promise<string> {
    this.#files += 1;
    const file = path.join(this.folder, `file-${this.#files}`);
    await writeFile(file, content);
    return file;
  }

  put(name: string, content: string): Promise<unknown> {
    return this.store.put(this.at(name), Buffer.from(content));
  }

  /** An upload with all of its parts, left open. */
  async upload(
    name: string,
    content: Uint8Array,
    partBytes: number = smallestPart,
  ): Promise<OpenUpload & { readonly parts: readonly UploadedPart[] }> {
    const at = this.at(name);
    const uploadId = await this.store.openUpload(at);
    const file = await this.file(content);
    const count = Math.max(1, Math.ceil(content.length / partBytes));
    const parts = await Promise.all(
      Array.from({ length: count }, (_, index) => {
        const offset = index * partBytes;
        const sizeBytes = Math.min(partBytes, content.length - offset);
        return this.store.uploadPart({ at, uploadId }, { number: index + 1, path: file, offset, sizeBytes });
      }),
    );
    return { at, uploadId, parts };
  }

  async content(name: string, store: ObjectStore = this.store): Promise<Buffer> {
    return bytes((await store.read(this.at(name))).body);
  }

  /** Names, as listed. */
  async names(prefix = '', limit?: number): Promise<string[]> {
    const found: string[] = [];
    for await (const { at } of this.store.list(this.at(prefix), limit === undefined ? {} : { limit })) {
      found.push(at.key.slice(this.root.key.length));
    }
    return found;
  }

  async openUploads(prefix = ''): Promise<string[]> {
    const found: string[] = [];
    for await (const { at } of this.store.listUploads(this.at(prefix))) found.push(at.key.slice(this.root.key.length));
    return found.toSorted();
  }
}

/** Goes when the test is over. */
export async function localFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'konverge-local-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function bytes(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes that differ from place to place, so that nothing swapped goes unnoticed. */
export function pattern(length: number, seed = 1): Buffer {
  const content = Buffer.allocUnsafe(length);
  let value = seed;
  for (let index = 0; index < length; index += 1) {
    value = (Math.imul(value, 1103515245) + 12345) >>> 0;
    content[index] = value >>> 16;
  }
  return content;
}

/** The code of the `KonvergeError` that this ends with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await errorOf(work)).code;
}

export async function errorOf(work: Promise<unknown>): Promise<KonvergeError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof KonvergeError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
