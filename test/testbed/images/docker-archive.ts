import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type ImageRecipe, referenceOf } from '../../../images/recipe.ts';
import { tarEnd, tarHeader, tarPadding, tarText } from './tar.ts';

/** A layer that was made: a plain tar. */
export interface MadeLayer {
  readonly file: string;
  /** Of its SHA-256, hexadecimal. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** What `docker save` writes, and `docker load`, `podman load`, `ctr images import` and `kind load image-archive` read. */
export interface ArchiveIndex {
  /** Of the configuration, hexadecimal: the identity of the image. */
  readonly digest: string;
  readonly config: string;
  readonly manifest: string;
}

/** The two JSON files of the archive. A function of its arguments: the same layers give the same image. */
export function archiveIndexOf(
  { name, config }: ImageRecipe,
  layers: readonly Omit<MadeLayer, 'file'>[],
): ArchiveIndex {
  const text = JSON.stringify({
    architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'] ?? process.arch,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'konverge' })),
  });
  const digest = createHash('sha256').update(text).digest('hex');
  const entry = {
    Config: `${digest}.json`,
    RepoTags: [referenceOf(name)],
    Layers: layers.map((layer) => `${layer.digest}/layer.tar`),
  };
  return { digest, config: text, manifest: JSON.stringify([entry]) };
}

/** The archive, piece by piece: nothing of its size is ever in memory or written a second time. */
export async function* dockerArchive(index: ArchiveIndex, layers: readonly MadeLayer[]): AsyncGenerator<Buffer> {
  yield* tarText(`${index.digest}.json`, index.config);
  // Two images may share a layer; one image never holds the same one twice in its archive.
  for (const { file, digest, sizeBytes } of new Map(layers.map((layer) => [layer.digest, layer])).values()) {
    yield tarHeader({ path: digest, kind: 'directory', mode: 0o755, sizeBytes: 0 });
    yield tarHeader({ path: `${digest}/layer.tar`, kind: 'file', mode: 0o644, sizeBytes });
    yield* createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
    yield tarPadding(sizeBytes);
  }
  yield* tarText('manifest.json', index.manifest);
  yield tarEnd;
}
