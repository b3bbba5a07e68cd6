import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type ImageRecipe, referenceOf } from '../../../images/recipe.ts';
import { archiveIndexOf, type MadeLayer } from './docker-archive.ts';
import { tarEnd, tarHeader, tarPadding, tarText } from './tar.ts';

/** An image as OCI's image layout has it: texts by name, each blob by its digest. */
export interface OciImage {
  readonly config: string;
  readonly manifest: string;
  readonly index: string;
}

const media = 'application/vnd.oci.image';

export function ociImageOf(recipe: ImageRecipe, layers: readonly Omit<MadeLayer, 'file'>[]): OciImage {
  const { config } = archiveIndexOf(recipe, layers);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${media}.manifest.v1+json`,
    config: descriptorOf(`${media}.config.v1+json`, config),
    layers: layers.map(({ digest, sizeBytes }) => ({
      mediaType: `${media}.layer.v1.tar`,
      digest: `sha256:${digest}`,
      size: sizeBytes,
    })),
  });
  const named = {
    ...descriptorOf(`${media}.manifest.v1+json`, manifest),
    annotations: { 'io.containerd.image.name': referenceOf(recipe.name) },
  };
  return { config, manifest, index: JSON.stringify({ schemaVersion: 2, manifests: [named] }) };
}

/**
 * The layout as a tar. containerd takes one that lacks layers which it has already, from another image or from an earlier
 * state of this one; so a change of the agent costs no more than the agent.
 * @param missing  the layers to put in
 */
export async function* ociArchive(image: OciImage, missing: readonly MadeLayer[]): AsyncGenerator<Buffer> {
  yield* tarText('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  yield* tarText('index.json', image.index);
  for (const text of [image.manifest, image.config]) yield* tarText(blobPath(sha256(text)), text);
  for (const { file, digest, sizeBytes } of new Map(missing.map((layer) => [layer.digest, layer])).values()) {
    yield tarHeader({ path: blobPath(digest), kind: 'file', mode: 0o644, sizeBytes });
    yield* createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
    yield tarPadding(sizeBytes);
  }
  yield tarEnd;
}

function blobPath(digest: string): string {
  return `blobs/sha256/${digest}`;
}

function descriptorOf(mediaType: string, text: string): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: `sha256:${sha256(text)}`, size: Buffer.byteLength(text) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
