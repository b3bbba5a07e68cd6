import { describe, expect, onTestFinished, vi } from 'vitest';
import type { S3Settings } from '../../../src/domain/object-location.ts';
import type { ObjectStore } from '../../../src/ports/object-store.ts';
import { openObjectStore } from '../../../src/storage/objects/registry.ts';
import type { Patience } from '../../../src/storage/objects/s3/patience.ts';
import type { Fault } from '../../object-store-server/fault.ts';
import { type FaultyProxy, startFaultyProxy } from '../../object-store-server/faulty-proxy.ts';
import { startObjectStoreServer } from '../../object-store-server/server.ts';
import {
  bytes,
  codeOf,
  errorOf,
  localFolder,
  Place,
  pattern,
  sharedServer,
  smallestPart,
  testWithServer,
} from './harness.ts';
import { newRoot } from './subjects.ts';

const quick: Partial<Patience> = { tries: 3, waitMs: 400, firstPauseMs: 1, longestPauseMs: 20 };
const slowDown = { kind: 'answer', status: 503, code: 'SlowDown' } as const satisfies Fault;
const internalError: Fault = { kind: 'answer', status: 500, code: 'InternalError' };

/** An empty store behind a proxy that breaks what it is told to. */
class FaultyPlace extends Place {
  readonly proxy: FaultyProxy;
  readonly settings: S3Settings;

  private constructor(proxy: FaultyProxy, settings: S3Settings, patience: Partial<Patience>, folder: string) {
    const open = () => openObjectStore(settings, { patience });
    super({ root: newRoot(), open, close: () => proxy.close() }, folder);
    this.proxy = proxy;
    this.settings = settings;
  }

  static async start(patience: Partial<Patience> = quick): Promise<FaultyPlace> {
    const server = await sharedServer();
    const proxy = await startFaultyProxy(server.endpoint);
    onTestFinished(() => proxy.close());
    return new FaultyPlace(proxy, { ...server.settings, endpointUrl: proxy.endpoint }, patience, await localFolder());
  }

  /** Another client of the same store, with other settings. */
  openWith(settings: Partial<S3Settings>, patience: Partial<Patience> = quick): ObjectStore {
    const store = openObjectStore({ ...this.settings, ...settings }, { patience });
    onTestFinished(() => store.close());
    return store;
  }
}

describe('a store that is overloaded', () => {
  testWithServer('is asked again, more often than it has tries, for every kind of request', async () => {
    const place = await FaultyPlace.start();
    await place.put('a', 'content');
    place.proxy.clear();
    const kinds = [
      'HeadObject',
      'GetObject',
      'PutObject',
      'ListObjects',
      'DeleteObject',
      'CreateMultipartUpload',
      'UploadPart',
      'ListParts',
      'CompleteMultipartUpload',
      'AbortMultipartUpload',
      'ListMultipartUploads',
    ] as const;
    place.proxy.add(...kinds.map((operation) => ({ operation, fault: slowDown, times: 5 })));
    expect((await place.content('a')).toString()).toBe('content');
    expect(await place.store.head(place.at('a'))).toMatchObject({ sizeBytes: 7 });
    await place.put('b', 'more');
    expect(await place.names()).toEqual(['a', 'b']);
    await place.store.remove(place.at('b'));
    const { parts, ...upload } = await place.upload('c', pattern(smallestPart + 1));
    expect(await place.store.listParts(upload)).toHaveLength(2);
    expect(await place.openUploads()).toEqual(['c']);
    await place.store.completeUpload(upload, parts);
    await place.store.abortUpload(await place.upload('d', pattern(1)));
    expect((await place.content('c')).equals(pattern(smallestPart + 1))).toBe(true);
    for (const kind of kinds) expect(place.proxy.count(kind)).toBeGreaterThan(5);
  });

  testWithServer('for too long is an error that names the object and has its words', async () => {
    const place = await FaultyPlace.start();
    await place.put('a', 'content');
    place.proxy.clear();
    place.proxy.add({ operation: 'HeadObject', fault: slowDown, times: null });
    const error = await errorOf(place.store.head(place.at('a')));
    expect(error.code).toBe('storage-unavailable');
    expect(error.message).toContain(`look at s3://${place.root.bucket}/a: `);
    expect(place.proxy.count('HeadObject')).toBeGreaterThan(3);
  });

  testWithServer('is waited for as long as it asks, within bounds', async () => {
    const place = await FaultyPlace.start({ ...quick, longestPauseMs: 150 });
    await place.put('a', 'content');
    place.proxy.add({ operation: 'HeadObject', fault: { ...slowDown, headers: { 'retry-after': '3600' } } });
    const begin = performance.now();
    expect(await place.store.head(place.at('a'))).toMatchObject({ sizeBytes: 7 });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(140);
  });

  testWithServer('is not waited for when the signal is aborted', async () => {
    const place = await FaultyPlace.start({
      tries: 100,
      waitMs: 3_600_000,
      firstPauseMs: 3_600_000,
      longestPauseMs: 3_600_000,
    });
    place.proxy.add({ fault: slowDown, times: null });
    const controller = new AbortController();
    const reason = new Error('enough');
    const looking = place.store.head(place.at('a'), controller.signal);
    await place.proxy.until('HeadObject');
    controller.abort(reason);
    await expect(looking).rejects.toBe(reason);
  });
});

describe('a store with errors of its own', () => {
  testWithServer('is asked as often as the settings say, and no more', async () => {
    const place = await FaultyPlace.start();
    await place.put('a', 'content');
    place.proxy.clear();
    place.proxy.add({ operation: 'GetObject', fault: internalError, times: 2 });
    expect((await place.content('a')).toString()).toBe('content');
    expect(place.proxy.count('GetObject')).toBe(3);
    place.proxy.clear();
    place.proxy.add({ operation: 'GetObject', fault: internalError, times: null });
    expect(await errorOf(place.content('a'))).toMatchObject({
      code: 'storage-unavailable',
      message: expect.stringContaining('InternalError') as string,
    });
    expect(place.proxy.count('GetObject')).toBe(3);
  });

  testWithServer('may say so in the body of an answer that begins with 200', async () => {
    const place = await FaultyPlace.start();
    const { parts, ...upload } = await place.upload('a', pattern(10));
    const error: Fault = { kind: 'answer', status: 200, code: 'InternalError' };
    place.proxy.add({ operation: 'CompleteMultipartUpload', fault: error, times: null });
    expect(await codeOf(place.store.completeUpload(upload, parts))).toBe('storage-unavailable');
    expect(await place.store.head(upload.at)).toBeUndefined();
    place.proxy.clear();
    place.proxy.add({ operation: 'CompleteMultipartUpload', fault: error });
    await place.store.completeUpload(upload, parts);
    expect((await place.content('a')).equals(pattern(10))).toBe(true);
  });

  testWithServer('that says something unheard of is not asked again', async () => {
    const place = await FaultyPlace.start();
    place.proxy.add({ fault: { kind: 'answer', status: 400, code: 'InvalidSomething' }, times: null });
    expect(await errorOf(place.store.put(place.at('a'), pattern(1)))).toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('InvalidSomething (400)') as string,
    });
    expect(place.proxy.seen).toHaveLength(1);
  });
});

describe('a connection that breaks', () => {
  testWithServer('in the middle of a part: the part is sent again', async () => {
    const place = await FaultyPlace.start();
    place.proxy.add({ operation: 'UploadPart', fault: { kind: 'reset-request', afterBytes: 2_000_000 }, times: 2 });
    const content = pattern(2 * smallestPart);
    const { parts, ...upload } = await place.upload('a', content);
    await place.store.completeUpload(upload, parts);
    expect((await place.content('a')).equals(content)).toBe(true);
    expect(place.proxy.count('UploadPart')).toBe(4);
  });

  testWithServer('in the middle of a part that is too large for memory', async () => {
    const place = await FaultyPlace.start();
    place.proxy.add({ operation: 'UploadPart', fault: { kind: 'reset-request', afterBytes: 3_000_000 }, times: 2 });
    const content = pattern(17 * 2 ** 20);
    const { parts, ...upload } = await place.upload('a', content, content.length);
    await place.store.completeUpload(upload, parts);
    expect((await place.content('a')).equals(content)).toBe(true);
    expect(place.proxy.count('UploadPart')).toBe(3);
  });

  testWithServer('after the store has done what was asked: the repetition finds it done', async () => {
    const place = await FaultyPlace.start();
    place.proxy.add({ operation: 'CompleteMultipartUpload', fault: { kind: 'lose-answer' }, times: 2 });
    place.proxy.add({ operation: 'UploadPart', fault: { kind: 'lose-answer' } });
    place.proxy.add({ operation: 'AbortMultipartUpload', fault: { kind: 'lose-answer' } });
    const { parts, ...upload } = await place.upload('a', pattern(1000));
    const { etag } = await place.store.completeUpload(upload, parts);
    expect(await place.store.head(upload.at)).toMatchObject({ etag });
    await place.store.abortUpload(await place.upload('b', pattern(10)));
    expect(await place.openUploads()).toEqual([]);
  });

  testWithServer('a store that forgets what it has completed is asked for the object', async () => {
    const place = await FaultyPlace.start();
    const { parts, ...upload } = await place.upload('a', pattern(smallestPart + 1));
    const done = await place.store.completeUpload(upload, parts);
    const forgotten: Fault = { kind: 'answer', status: 404, code: 'NoSuchUpload' };
    place.proxy.add({ operation: 'CompleteMultipartUpload', fault: forgotten, times: null });
    expect(await place.store.completeUpload(upload, parts)).toEqual(done);
    await place.store.put(upload.at, pattern(smallestPart + 1, 2));
    expect(await codeOf(place.store.completeUpload(upload, parts))).toBe('upload-missing');
    await place.store.remove(upload.at);
    expect(await codeOf(place.store.completeUpload(upload, parts))).toBe('upload-missing');
  });

  for (const kind of ['truncate', 'reset-answer'] as const) {
    testWithServer(
      `in the middle of an answer (${kind}) is an error, and the caller goes on where it was`,
      async () => {
        const place = await FaultyPlace.start();
        const content = pattern(3_000_000);
        await place.store.put(place.at('a'), content);
        place.proxy.add({ operation: 'GetObject', fault: { kind, afterBytes: 1_000_000 } });
        const { facts, body } = await place.store.read(place.at('a'));
        const got: Uint8Array[] = [];
        const reading = (async () => {
          for await (const chunk of body) got.push(chunk);
        })();
        expect(await codeOf(reading)).toBe('storage-unavailable');
        const begun = Buffer.concat(got);
        expect(begun.length).toBeLessThanOrEqual(1_000_000);
        const rest = await place.store.read(place.at('a'), { offset: begun.length, ifMatch: facts.etag });
        expect(Buffer.concat([begun, await bytes(rest.body)]).equals(content)).toBe(true);
        expect(place.proxy.count('GetObject')).toBe(2);
      },
    );
  }

  testWithServer('an object that was replaced meanwhile is not mixed with the former one', async () => {
    const place = await FaultyPlace.start();
    await place.store.put(place.at('a'), pattern(3_000_000, 1));
    place.proxy.add({ operation: 'GetObject', fault: { kind: 'truncate', afterBytes: 1_000_000 } });
    const { facts, body } = await place.store.read(place.at('a'));
    expect(await codeOf(bytes(body))).toBe('storage-unavailable');
    await place.store.put(place.at('a'), pattern(3_000_000, 2));
    const goOn = place.store.read(place.at('a'), { offset: 1000, ifMatch: facts.etag });
    expect(await codeOf(goOn)).toBe('object-changed');
  });

  testWithServer('by silence is a broken one', async () => {
    const place = await FaultyPlace.start({ ...quick, silenceMs: 200 });
    await place.put('a', 'content');
    place.proxy.clear();
    place.proxy.add({ operation: 'HeadObject', fault: { kind: 'hold' } });
    expect(await place.store.head(place.at('a'))).toMatchObject({ sizeBytes: 7 });
    expect(place.proxy.count('HeadObject')).toBe(2);
  });

  testWithServer('while the store is started anew is waited for', async () => {
    const first = await startObjectStoreServer();
    const { accessKey, secretKey, endpoint } = first;
    const store = openObjectStore(first.settings, { patience: { ...quick, waitMs: 20_000 } });
    onTestFinished(() => store.close());
    const at = { store: 'test', bucket: 'restarted', key: 'a' };
    await store.put(at, pattern(10));
    await first.stop();
    expect(await codeOf(openObjectStore(first.settings, { patience: quick }).head(at))).toBe('storage-unavailable');
    const putting = store.put(at, pattern(10));
    const second = await startObjectStoreServer({ accessKey, secretKey, port: Number(new URL(endpoint).port) });
    onTestFinished(() => second.stop());
    await putting;
    expect(await store.head(at)).toMatchObject({ sizeBytes: 10 });
  });
});

describe('bytes that are damaged on their way', () => {
  testWithServer('are noticed by the store and sent again', async () => {
    const place = await FaultyPlace.start();
    place.proxy.add({ operation: 'UploadPart', fault: { kind: 'corrupt' } });
    place.proxy.add({ operation: 'PutObject', fault: { kind: 'corrupt' } });
    const { parts, ...upload } = await place.upload('a', pattern(1000));
    await place.store.completeUpload(upload, parts);
    expect((await place.content('a')).equals(pattern(1000))).toBe(true);
    await place.store.put(place.at('b'), pattern(1000));
    expect((await place.content('b')).equals(pattern(1000))).toBe(true);
    expect(place.proxy.count('UploadPart')).toBe(2);
    // The bucket is there already.
    expect(place.proxy.count('PutObject')).toBe(2);
  });
});

describe('a store that refuses', () => {
  testWithServer('wrong credentials, and does not get them into the message', async () => {
    const place = await FaultyPlace.start();
    await place.put('a', 'content');
    const known = place.settings.credentials?.accessKeyId ?? '';
    for (const credentials of [
      { accessKeyId: known, secretAccessKey: 'wrong-secret-key' },
      { accessKeyId: 'unknown-key-id', secretAccessKey: 'wrong-secret-key' },
    ]) {
      const store = place.openWith({ credentials });
      for (const work of [
        () => store.read(place.at('a')),
        () => store.put(place.at('b'), pattern(1)),
        () => store.openUpload(place.at('b')),
        () => store.list(place.root)[Symbol.asyncIterator]().next(),
      ]) {
        const error = await errorOf(work());
        expect(error.code).toBe('storage-denied');
        expect(error.message).toContain(`s3://${place.root.bucket}/`);
        const said = `${error.message} ${error.stack} ${JSON.stringify(error.cause)} ${(error.cause as Error).stack}`;
        expect(said).not.toContain('wrong-secret-key');
        expect(said).not.toContain(credentials.accessKeyId);
        expect(said).not.toContain('Signature=');
      }
    }
  });

  testWithServer('one object: asked once, and the error names it', async () => {
    const place = await FaultyPlace.start();
    await place.put('a', 'content');
    await place.put('b', 'content');
    place.proxy.clear();
    place.proxy.add({ key: '^a$', fault: { kind: 'answer', status: 403, code: 'AccessDenied' }, times: null });
    expect((await place.content('b')).toString()).toBe('content');
    const reading = await errorOf(place.content('a'));
    expect(reading.code).toBe('storage-denied');
    expect(reading.message).toBe(
      `cannot read s3://${place.root.bucket}/a: AccessDenied (403): AccessDenied by the proxy`,
    );
    // The answer to a HEAD has no body.
    const looking = await errorOf(place.store.head(place.at('a')));
    expect(looking.code).toBe('storage-denied');
    expect(looking.message).toContain('answers 403 without a reason');
    expect(place.proxy.seen.filter(({ key }) => key === 'a')).toHaveLength(2);
  });

  testWithServer('to make a bucket: that is what the error says', async () => {
    const place = await FaultyPlace.start();
    place.proxy.add({
      operation: 'CreateBucket',
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
      times: null,
    });
    for (const write of [
      () => place.store.put(place.at('a'), pattern(1)),
      () => place.store.openUpload(place.at('a')),
    ]) {
      const error = await errorOf(write());
      expect(error.code).toBe('bucket-missing');
      expect(error.message).toContain(`there is no bucket ${place.root.bucket} for s3://${place.root.bucket}/a`);
      expect(error.message).toContain('AccessDenied');
    }
  });
});

describe('a bucket that is not there', () => {
  testWithServer('is made to write, and is an error to read', async () => {
    const place = await FaultyPlace.start();
    expect(await codeOf(place.store.read(place.at('a')))).toBe('bucket-missing');
    expect(await codeOf(place.names())).toBe('bucket-missing');
    expect(await place.store.head(place.at('a'))).toBeUndefined();
    expect(await place.openUploads()).toEqual([]);
    await place.store.remove(place.at('a'));
    await place.store.abortUpload({ at: place.at('a'), uploadId: 'none' });
    expect(place.proxy.count('CreateBucket')).toBe(0);
    const uploads = await Promise.all(['a', 'b', 'c'].map((name) => place.upload(name, pattern(10))));
    for (const { parts, ...upload } of uploads) await place.store.completeUpload(upload, parts);
    expect(await place.names()).toEqual(['a', 'b', 'c']);
  });
});

describe('clocks', () => {
  testWithServer('that differ by hours: the client signs with the time of the store', async () => {
    const place = await FaultyPlace.start();
    await place.put('a', 'content');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 3_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    for (const first of [
      (store: ObjectStore) => store.head(place.at('a')),
      (store: ObjectStore) => store.read(place.at('a')),
      (store: ObjectStore) => store.openUpload(place.at('b')),
    ]) {
      place.proxy.clear();
      const store = place.openWith({});
      await first(store);
      expect(place.proxy.seen).toHaveLength(2);
      // Only the first request is refused.
      await store.head(place.at('a'));
      expect(place.proxy.seen).toHaveLength(3);
      // What is not there does not become a question of clocks.
      expect(await codeOf(store.read(place.at('missing')))).toBe('object-missing');
      expect(place.proxy.seen).toHaveLength(4);
    }
  });

  testWithServer('that cannot be reconciled are a clear error', async () => {
    const place = await FaultyPlace.start();
    await place.put('a', 'content');
    place.proxy.add({ fault: { kind: 'clock', hours: 3 }, times: null });
    const store = place.openWith({});
    await store.put(place.at('b'), pattern(1));
    // From now on the client believes what the answers say.
    const error = await errorOf(store.put(place.at('b'), pattern(1)));
    expect(error.code).toBe('storage-unavailable');
    expect(error.message).toContain('clocks');
  });
});
