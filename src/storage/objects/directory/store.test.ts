import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ObjectLocation } from '../../../domain/object-location.ts';
import type { OpenUpload } from '../../../ports/object-store.ts';
import { openDirectoryStore } from './store.ts';

const store = openDirectoryStore();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'konverge-directory-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function at(name: string): ObjectLocation {
  return { store: 'test', bucket: '', key: path.join(folder, name) };
}

async function upload(name: string): Promise<{ upload: OpenUpload; complete: () => Promise<unknown> }> {
  const source = path.join(folder, 'source');
  await writeFile(source, 'content');
  const open = { at: at(name), uploadId: await store.openUpload(at(name)) };
  const part = await store.uploadPart(open, { number: 1, path: source, offset: 0, sizeBytes: 7 });
  return { upload: open, complete: () => store.completeUpload(open, [part]) };
}

test('a folder appears with its first object, not with an upload', async () => {
  const { upload: open, complete } = await upload('new/folder/a');
  expect(existsSync(path.join(folder, 'new'))).toBe(false);
  const listed: OpenUpload[] = [];
  for await (const one of store.listUploads(at('new/folder/'))) listed.push(one);
  expect(listed).toEqual([expect.objectContaining(open)]);
  await complete();
  expect(await readdir(path.join(folder, 'new/folder'))).toEqual(['a']);
  expect((await readdir(folder)).toSorted()).toEqual(['new', 'source']);
});

test('links to folders are followed, once around', async () => {
  await mkdir(path.join(folder, 'real'));
  await symlink('real', path.join(folder, 'link'));
  await symlink('..', path.join(folder, 'real/up'));
  const { complete } = await upload('link/a');
  await complete();
  expect(await store.head(at('real/a'))).toMatchObject({ sizeBytes: 7 });
  const keys: string[] = [];
  for await (const { at: found } of store.list({ ...at(''), key: `${folder}/` }))
    keys.push(path.relative(folder, found.key));
  expect(keys).toEqual(['link/a', 'real/a', 'source']);
});

test('a file in the place of a folder, and the reverse, is told', async () => {
  await writeFile(path.join(folder, 'file'), '');
  await mkdir(path.join(folder, 'folder/inner'), { recursive: true });
  await expect(store.put(at('file/below'), new Uint8Array())).rejects.toMatchObject({ code: 'object-ambiguous' });
  await expect(upload('file/deep/below')).rejects.toMatchObject({ code: 'object-ambiguous' });
  await expect((await upload('folder')).complete()).rejects.toMatchObject({ code: 'object-ambiguous' });
  await expect(store.read(at('folder'))).rejects.toMatchObject({ code: 'object-missing' });
});

test('a file that is written to in place while it is read is told', async () => {
  await store.put(at('a'), Buffer.alloc(3_000_000));
  const { body } = await store.read(at('a'));
  const reading = (async () => {
    for await (const chunk of body) if (chunk.length > 0) await utimes(at('a').key, 1, 1);
  })();
  await expect(reading).rejects.toMatchObject({ code: 'object-changed' });
});

test('an id that is no upload of the key is not believed', async () => {
  const { upload: open } = await upload('a');
  await writeFile(path.join(folder, 'victim'), 'content');
  for (const uploadId of [
    path.join(folder, 'victim'),
    '/elsewhere/.konverge-upload-1',
    `${folder}/../.konverge-upload-1`,
  ]) {
    await expect(store.completeUpload({ ...open, uploadId }, [])).rejects.toMatchObject({ code: 'upload-missing' });
    await expect(store.abortUpload({ ...open, uploadId })).rejects.toMatchObject({ code: 'upload-missing' });
  }
  expect(existsSync(path.join(folder, 'victim'))).toBe(true);
});
