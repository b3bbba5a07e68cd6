import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ImageRecipe, Layer } from '../../../images/recipe.ts';
import { recipes } from '../../../images/registry.ts';
import { runCommand } from '../command.ts';
import { archiveIndexOf, dockerArchive } from './docker-archive.ts';
import { layerMaker } from './layer.ts';
import { ociArchive, ociImageOf } from './oci-archive.ts';
import { tarHeader } from './tar.ts';

async function scratch(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'konverge-image-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const layer: Layer = {
  kind: 'files',
  entries: [
    { kind: 'directory', path: '/tmp', mode: 0o1777 },
    { kind: 'text', path: '/tmp/word', mode: 0o640, text: 'odd content: ü\n' },
    { kind: 'link', path: '/tmp/link', target: 'word' },
    { kind: 'file', path: '/host', mode: 0o755, from: { kind: 'host', path: '/any' } },
  ],
};

/** Sources that are one file of this folder. */
async function makerIn(folder: string, content = 'from the host') {
  const file = path.join(folder, 'source');
  await writeFile(file, content);
  return layerMaker(path.join(folder, 'layers'), 'bookworm', { find: async () => file }, () => {});
}

describe('a layer of files', () => {
  test('is what tar reads', async () => {
    const folder = await scratch();
    const { file, digest, sizeBytes } = await (await makerIn(folder)).make(layer);
    const listed = await runCommand(['tar', '--numeric-owner', '-tvf', file], { env: { ...process.env, TZ: 'UTC' } });
    const lines = listed
      .trim()
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' '));
    expect(lines).toEqual([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
      '-rw-r----- 0/0 16 1970-01-01 00:00 tmp/word',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 tmp/link -> word',
      '-rwxr-xr-x 0/0 13 1970-01-01 00:00 host',
    ]);
    expect(await runCommand(['tar', '-xOf', file, 'tmp/word', 'host'])).toBe('odd content: ü\nfrom the host');
    const content = await readFile(file);
    expect(createHash('sha256').update(content).digest('hex')).toBe(digest);
    expect(content.length).toBe(sizeBytes);
  });

  test('is made once for the same content, and anew for another', async () => {
    const folder = await scratch();
    const first = await (await makerIn(folder)).make(layer);
    expect(await (await makerIn(folder)).make(layer)).toEqual(first);
    const other = await (await makerIn(folder, 'changed')).make(layer);
    expect(other.file).not.toBe(first.file);
    expect(other.digest).not.toBe(first.digest);
  });
});

test('an archive names its layers and its configuration as docker does', async () => {
  const folder = await scratch();
  const made = await (await makerIn(folder)).make(layer);
  const recipe: ImageRecipe = { name: 'apps', layers: [layer], config: { Cmd: ['sh'] } };
  const index = archiveIndexOf(recipe, [made]);
  const archive = path.join(folder, 'image.tar');
  await writeFile(archive, await buffer(Readable.from(dockerArchive(index, [made]))));

  const read = async (member: string): Promise<string> => runCommand(['tar', '-xOf', archive, member]);
  const [manifest] = JSON.parse(await read('manifest.json')) as [
    { Config: string; RepoTags: string[]; Layers: string[] },
  ];
  expect(manifest).toMatchObject({ RepoTags: ['docker.io/konverge/apps:dev'], Layers: [`${made.digest}/layer.tar`] });
  const config = await read(manifest.Config);
  expect(manifest.Config).toBe(`${createHash('sha256').update(config).digest('hex')}.json`);
  expect(JSON.parse(config)).toMatchObject({
    os: 'linux',
    config: { Cmd: ['sh'] },
    rootfs: { diff_ids: [`sha256:${made.digest}`] },
  });
  await runCommand(['tar', '-C', folder, '-xf', archive]);
  expect(await readFile(path.join(folder, made.digest, 'layer.tar'))).toEqual(await readFile(made.file));
});

test('an OCI layout may leave out what containerd has, and names it all the same', async () => {
  const folder = await scratch();
  const [made, other] = [await (await makerIn(folder)).make(layer), await (await makerIn(folder, 'other')).make(layer)];
  const recipe: ImageRecipe = { name: 'agent', layers: [layer, layer], config: {} };
  const image = ociImageOf(recipe, [made, other]);
  const archive = path.join(folder, 'image.tar');
  await writeFile(archive, await buffer(Readable.from(ociArchive(image, [other]))));
  const members = (await runCommand(['tar', '-tf', archive])).trim().split('\n');
  expect(members).toContain(`blobs/sha256/${other.digest}`);
  expect(members).not.toContain(`blobs/sha256/${made.digest}`);

  // Every blob is what its name says, and every descriptor is right about its size.
  await runCommand(['tar', '-C', folder, '-xf', archive]);
  const read = async (digest: string): Promise<Buffer> => {
    const content = await readFile(path.join(folder, 'blobs/sha256', digest.replace('sha256:', '')));
    expect(`sha256:${createHash('sha256').update(content).digest('hex')}`).toBe(digest);
    return content;
  };
  interface Descriptor {
    readonly digest: string;
    readonly size: number;
    readonly annotations?: object;
  }
  const index = JSON.parse(await readFile(path.join(folder, 'index.json'), 'utf8')) as { manifests: [Descriptor] };
  expect(index.manifests[0].annotations).toEqual({ 'io.containerd.image.name': 'docker.io/konverge/agent:dev' });
  const text = await read(index.manifests[0].digest);
  expect(text.length).toBe(index.manifests[0].size);
  const manifest = JSON.parse(text.toString()) as { config: Descriptor; layers: Descriptor[] };
  expect((await read(manifest.config.digest)).length).toBe(manifest.config.size);
  expect(manifest.layers).toMatchObject(
    [made, other].map(({ digest, sizeBytes }) => ({ digest: `sha256:${digest}`, size: sizeBytes })),
  );
});

test('a header refuses what does not fit in', () => {
  const member = { kind: 'file', mode: 0o644, sizeBytes: 0 } as const;
  expect(() => tarHeader({ ...member, path: 'a'.repeat(101) })).toThrow('too long for tar');
  expect(() => tarHeader({ ...member, path: 'a', sizeBytes: 2 ** 33 })).toThrow('too large for tar');
});

describe('recipes', () => {
  test('have names of their own', () => {
    expect(new Set(recipes.map(({ name }) => name)).size).toBe(recipes.length);
  });

  test.each(recipes.map((recipe) => [recipe.name, recipe] as const))(
    '%s has a Containerfile beside it',
    async (name) => {
      const text = await readFile(path.join(import.meta.dirname, '../../../images', name, 'Containerfile'), 'utf8');
      expect(text).toMatch(/^FROM /m);
    },
  );
});
