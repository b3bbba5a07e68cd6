import { describe, expect } from 'vitest';
import { bytes, codeOf, eachStore, pattern } from './harness.ts';

const oddNames = [
  'odd na#me?&%+ü',
  'with space/and = sign;,@!$()*',
  'quote\'and"double',
  'tab\tand back\\slash',
  '日本語/файл',
  '%2F and %41',
  '~tilde.-_',
  ' begins and ends with a space ',
  'a..b/c.d',
];

describe('an object', () => {
  eachStore('is what was put, and changes its ETag with its content', async (place) => {
    const first = await place.store.put(place.at('a'), Buffer.from('one'));
    const facts = await place.store.head(place.at('a'));
    expect(facts).toMatchObject(first);
    expect(facts?.sizeBytes).toBe(3);
    expect(Math.abs((facts?.modifiedMs ?? 0) - Date.now())).toBeLessThan(120_000);
    const second = await place.store.put(place.at('a'), Buffer.from('two'));
    expect(second.etag).not.toBe(first.etag);
    expect((await place.content('a')).toString()).toBe('two');
    await place.store.put(place.at('empty'), new Uint8Array());
    expect(await place.store.head(place.at('empty'))).toMatchObject({ sizeBytes: 0 });
    expect(await place.content('empty')).toHaveLength(0);
  });

  for (const name of oddNames) {
    eachStore(`may be called ${JSON.stringify(name)}`, async (place) => {
      await place.put(name, 'put');
      expect(await place.names()).toEqual([name]);
      expect(await place.names(name)).toEqual([name]);
      const { parts, ...upload } = await place.upload(name, Buffer.from('uploaded'));
      expect(await place.openUploads(name)).toEqual([name]);
      await place.store.completeUpload(upload, parts);
      expect((await place.content(name)).toString()).toBe('uploaded');
      expect(await place.store.head(place.at(name))).toMatchObject({ sizeBytes: 8 });
      await place.store.remove(place.at(name));
      expect(await place.names()).toEqual([]);
    });
  }

  eachStore('may have a name of 255 bytes', async (place) => {
    const name = `folder/${'ü'.repeat(127)}x`;
    const { parts, ...upload } = await place.upload(name, Buffer.from('long'));
    await place.store.completeUpload(upload, parts);
    expect(await place.names()).toEqual([name]);
    expect((await place.content(name)).toString()).toBe('long');
  });

  eachStore('is removed, also twice', async (place) => {
    await place.put('a', 'x');
    await place.store.remove(place.at('a'));
    await place.store.remove(place.at('a'));
    await place.store.remove(place.at('never/was'));
    expect(await place.store.head(place.at('a'))).toBeUndefined();
  });

  eachStore('that is not there is undefined, or an error that names it', async (place) => {
    await place.put('other', 'x');
    expect(await place.store.head(place.at('a/b'))).toBeUndefined();
    // What is a file cannot have anything below it.
    expect(await place.store.head(place.at('other/b'))).toBeUndefined();
    expect(await codeOf(place.store.read(place.at('a')))).toBe('object-missing');
    expect(await place.names('a')).toEqual([]);
    await expect(place.store.read(place.at('a'))).rejects.toThrow(place.at('a').key);
  });

  eachStore('cannot be where others have their folder', async (place) => {
    await place.put('a', 'x');
    const outcome = await place.put('a/b', 'y').then(
      () => 'both',
      (error: { code: string }) => error.code,
    );
    // S3 itself keeps both; a store of files says why it cannot.
    expect(['both', 'object-ambiguous']).toContain(outcome);
    expect((await place.content('a')).toString()).toBe('x');
  });
});

describe('reading', () => {
  eachStore('begins where it is told', async (place) => {
    const content = pattern(3_000_000);
    await place.store.put(place.at('a'), content);
    for (const offset of [0, 1, 1_500_000, 2_999_999]) {
      const { facts, body } = await place.store.read(place.at('a'), { offset });
      expect(facts.sizeBytes).toBe(3_000_000);
      expect((await bytes(body)).equals(content.subarray(offset))).toBe(true);
    }
  });

  eachStore('goes on only with the same object', async (place) => {
    const { etag } = await place.store.put(place.at('a'), pattern(1000, 1));
    const { facts, body } = await place.store.read(place.at('a'), { offset: 10, ifMatch: etag });
    expect(facts.etag).toBe(etag);
    expect((await bytes(body)).equals(pattern(1000, 1).subarray(10))).toBe(true);
    await place.store.put(place.at('a'), pattern(1000, 2));
    expect(await codeOf(place.store.read(place.at('a'), { offset: 10, ifMatch: etag }))).toBe('object-changed');
    await place.store.remove(place.at('a'));
    expect(await codeOf(place.store.read(place.at('a'), { ifMatch: etag }))).toBe('object-missing');
  });

  eachStore('ends when its signal is aborted, or nobody reads on', async (place) => {
    await place.store.put(place.at('a'), pattern(20_000_000));
    const controller = new AbortController();
    const { body } = await place.store.read(place.at('a'), { signal: controller.signal });
    const reason = new Error('enough');
    const reading = (async () => {
      for await (const chunk of body) if (chunk.length > 0) controller.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
    await expect(place.store.read(place.at('a'), { signal: controller.signal })).rejects.toBe(reason);

    let seen = 0;
    for await (const chunk of (await place.store.read(place.at('a'))).body) {
      seen += chunk.length;
      break;
    }
    expect(seen).toBeGreaterThan(0);
  });
});

describe('a listing', () => {
  eachStore('is in the order of keys, of all pages, and takes any prefix', async (place) => {
    const names = [
      ...Array.from({ length: 1005 }, (_, index) => `many/${String(index).padStart(4, '0')}`),
      'many-1',
      'many.1',
      'manz',
      'many0',
      'A',
      'b/c/d',
      'ü',
    ];
    const queue = names.values();
    const writers = Array.from({ length: 8 }, async () => {
      for (const name of queue) await place.put(name, '');
    });
    await Promise.all(writers);
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await place.names()).toEqual(sorted);
    expect(await place.names('many/')).toHaveLength(1005);
    expect(await place.names('many/10')).toEqual(['many/1000', 'many/1001', 'many/1002', 'many/1003', 'many/1004']);
    expect(await place.names('many')).toEqual(sorted.filter((name) => name.startsWith('many')));
    expect(await place.names('many/0007')).toEqual(['many/0007']);
    expect(await place.names('', 3)).toEqual(sorted.slice(0, 3));
    expect(await place.names('many/', 1003)).toHaveLength(1003);
    expect(await place.names('nothing/')).toEqual([]);
  });

  eachStore('tells what head tells', async (place) => {
    await place.put('a', 'some bytes');
    for await (const { at, ...facts } of place.store.list(place.root)) {
      expect(at).toEqual(place.at('a'));
      expect(facts).toEqual(await place.store.head(at));
    }
  });
});
