import { describe, expect } from 'vitest';
import { codeOf, eachStore, type Place, pattern, smallestPart } from './harness.ts';

type Uploaded = Awaited<ReturnType<Place['upload']>>;

describe('an upload', () => {
  eachStore('is invisible until it is completed, also by another client', async (place) => {
    const content = Buffer.from('all or nothing');
    const { parts, ...upload } = await place.upload('folder/a', content);
    expect(await place.store.head(upload.at)).toBeUndefined();
    expect(await place.names()).toEqual([]);
    expect(await codeOf(place.content('folder/a'))).toBe('object-missing');

    const another = place.another();
    const written = await another.completeUpload(upload, parts);
    expect(await place.store.head(upload.at)).toMatchObject(written);
    expect(written.sizeBytes).toBe(content.length);
    expect((await place.content('folder/a')).equals(content)).toBe(true);
    expect(await place.names()).toEqual(['folder/a']);
    expect(await place.openUploads()).toEqual([]);
  });

  eachStore('leaves the old object in place until it is completed', async (place) => {
    await place.put('a', 'old');
    const { parts, ...upload } = await place.upload('a', Buffer.from('new one'));
    expect((await place.content('a')).toString()).toBe('old');
    await place.store.completeUpload(upload, parts);
    expect((await place.content('a')).toString()).toBe('new one');
  });

  eachStore('can be completed again, by whoever does not know that it was', async (place) => {
    const { parts, ...upload } = await place.upload('a', pattern(1000));
    const first = await place.store.completeUpload(upload, parts);
    expect(await place.another().completeUpload(upload, parts)).toEqual(first);
    expect(await place.store.completeUpload(upload, parts)).toEqual(first);
  });

  eachStore('of several parts can be completed again', async (place) => {
    const { parts, ...upload } = await place.upload('a', pattern(smallestPart + 1));
    const first = await place.store.completeUpload(upload, parts);
    expect(await place.another().completeUpload(upload, parts)).toEqual(first);
  });

  /** What completing again says where the object is another one by now: an error, or the ETag that it should have. */
  async function completedAgain(place: Place, { parts, ...upload }: Uploaded): Promise<'told' | 'not told'> {
    try {
      const { etag } = await place.store.completeUpload(upload, parts);
      return (await place.store.head(upload.at))?.etag === etag ? 'not told' : 'told';
    } catch (error) {
      expect(error).toMatchObject({ code: 'upload-missing' });
      return 'told';
    }
  }

  eachStore('that is completed again tells that somebody wrote another object since', async (place) => {
    const uploaded = await place.upload('a', pattern(1000, 1));
    await place.store.completeUpload(uploaded, uploaded.parts);
    await place.store.put(uploaded.at, pattern(1000, 2));
    expect(await completedAgain(place, uploaded)).toBe('told');
    expect((await place.content('a')).equals(pattern(1000, 2))).toBe(true);
    await place.store.put(uploaded.at, pattern(10));
    expect(await completedAgain(place, uploaded)).toBe('told');
    await place.store.remove(uploaded.at);
    expect(await completedAgain(place, uploaded)).toBe('told');
    expect(await place.store.head(uploaded.at)).toBeUndefined();
  });

  eachStore(
    'of several parts that is completed again tells another object of the same size',
    async (place) => {
      const uploaded = await place.upload('a', pattern(smallestPart + 1, 1));
      await place.store.completeUpload(uploaded, uploaded.parts);
      const other = await place.upload('a', pattern(smallestPart + 1, 2));
      await place.store.completeUpload(other, other.parts);
      expect(await completedAgain(place, uploaded)).toBe('told');
    },
    'second-completion-tells-same-size',
  );

  eachStore('can be aborted, and then leaves nothing', async (place) => {
    const { parts, ...upload } = await place.upload('a', pattern(1000));
    await place.store.abortUpload(upload);
    await place.store.abortUpload(upload);
    expect(await codeOf(place.store.completeUpload(upload, parts))).toBe('upload-missing');
    expect(await codeOf(place.store.listParts(upload))).toBe('upload-missing');
    const part = { number: 1, path: await place.file(pattern(10)), offset: 0, sizeBytes: 10 };
    expect(await codeOf(place.store.uploadPart(upload, part))).toBe('upload-missing');
    expect(await place.names()).toEqual([]);
    expect(await place.openUploads()).toEqual([]);
  });

  eachStore('that was completed keeps its object when it is aborted', async (place) => {
    const { parts, ...upload } = await place.upload('a', pattern(1000));
    await place.store.completeUpload(upload, parts);
    await place.store.abortUpload(upload);
    expect((await place.content('a')).equals(pattern(1000))).toBe(true);
  });

  eachStore('races with others for one key: each is whole, the last one stays', async (place) => {
    const uploads = await Promise.all([1, 2, 3].map((seed) => place.upload('a', pattern(100 * seed, seed))));
    expect(await place.openUploads()).toEqual(['a', 'a', 'a']);
    for (const [index, { parts, ...upload }] of uploads.entries()) {
      await place.store.completeUpload(upload, parts);
      expect((await place.content('a')).equals(pattern(100 * (index + 1), index + 1))).toBe(true);
    }
    await Promise.all(uploads.map((upload) => place.store.abortUpload(upload)));
    expect((await place.content('a')).equals(pattern(300, 3))).toBe(true);
  });

  for (const [size, partBytes] of [
    [0, smallestPart],
    [1, smallestPart],
    [smallestPart - 1, smallestPart],
    [smallestPart, smallestPart],
    [smallestPart + 1, smallestPart],
    [2 * smallestPart, smallestPart],
    // Too large to be held in memory.
    [17 * 2 ** 20 + 3, 17 * 2 ** 20],
  ] as const) {
    eachStore(`of ${size} bytes in parts of ${partBytes}`, async (place) => {
      const content = pattern(size);
      const { parts, ...upload } = await place.upload('a', content, partBytes);
      expect(parts.map(({ sizeBytes }) => sizeBytes).reduce((a, b) => a + b)).toBe(size);
      expect(await place.store.completeUpload(upload, parts)).toMatchObject({ sizeBytes: size });
      expect(await place.store.head(upload.at)).toMatchObject({ sizeBytes: size });
      expect((await place.content('a')).equals(content)).toBe(true);
    });
  }

  eachStore('takes a part again, in place of the former one', async (place) => {
    const { parts, ...upload } = await place.upload('a', pattern(1000, 1));
    const again = { number: 1, path: await place.file(pattern(1000, 2)), offset: 0, sizeBytes: 1000 };
    const part = await place.store.uploadPart(upload, again);
    expect(part.etag).not.toBe(parts[0]?.etag);
    await place.store.completeUpload(upload, [part]);
    expect((await place.content('a')).equals(pattern(1000, 2))).toBe(true);
  });

  eachStore('tells its parts, also to another client', async (place) => {
    const { parts, ...upload } = await place.upload('a', pattern(2 * smallestPart + 7));
    const listed = await place.another().listParts(upload);
    const known = ({ number, etag, sizeBytes }: (typeof parts)[number]) => ({ number, etag, sizeBytes });
    expect(listed.map(known)).toEqual(parts.map(known));
    // What was listed is enough to complete it.
    await place.store.completeUpload(upload, listed);
    expect((await place.content('a')).equals(pattern(2 * smallestPart + 7))).toBe(true);
  });

  eachStore('is listed by the beginning of its key, with the time it was begun', async (place) => {
    await Promise.all(['out/a', 'out/b/c', 'outer', 'other'].map((name) => place.upload(name, pattern(10))));
    expect(await place.openUploads('out/')).toEqual(['out/a', 'out/b/c']);
    expect(await place.openUploads('out')).toEqual(['out/a', 'out/b/c', 'outer']);
    expect(await place.openUploads('out/b/c')).toEqual(['out/b/c']);
    expect(await place.openUploads('nothing')).toEqual([]);
    for await (const { initiatedMs } of place.store.listUploads(place.at('out/a'))) {
      expect(Math.abs(initiatedMs - Date.now())).toBeLessThan(120_000);
    }
  });

  eachStore('refuses a file that became shorter', async (place) => {
    const at = place.at('a');
    const uploadId = await place.store.openUpload(at);
    const part = { number: 1, path: await place.file(pattern(10)), offset: 0, sizeBytes: 11 };
    expect(await codeOf(place.store.uploadPart({ at, uploadId }, part))).toBe('storage-failed');
    await place.store.abortUpload({ at, uploadId });
  });

  eachStore('does not go on when its signal is aborted', async (place) => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(place.store.openUpload(place.at('a'), signal)).rejects.toBe(reason);
    await place.put('b', 'so that there is a bucket');
    expect(await place.openUploads()).toEqual([]);

    const { parts, ...upload } = await place.upload('a', pattern(10));
    await expect(place.store.completeUpload(upload, parts, signal)).rejects.toBe(reason);
    expect(await place.store.head(upload.at)).toBeUndefined();
    const during = new AbortController();
    const size = 4 * smallestPart;
    const part = { number: 1, path: await place.file(pattern(size)), offset: 0, sizeBytes: size };
    const sending = place.store.uploadPart(upload, part, during.signal);
    during.abort(reason);
    await expect(sending).rejects.toBe(reason);
    await place.store.abortUpload(upload);
    expect(await place.openUploads()).toEqual([]);
  });
});
