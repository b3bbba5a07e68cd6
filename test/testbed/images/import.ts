import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ImageRecipe, referenceOf } from '../../../images/recipe.ts';
import { Stop } from '../../../tools/setup/stop.mjs';
import { runCommand } from '../command.ts';
import { containerdSocket, type Place } from '../place.ts';
import { archiveIndexOf, dockerArchive, type MadeLayer } from './docker-archive.ts';
import type { LayerMaker } from './layer.ts';
import { ociArchive, ociImageOf } from './oci-archive.ts';

const ctr = ['ctr', '-a', containerdSocket, '-n', 'k8s.io'] as const;

/** Gives containerd each image that it does not have, or has in another state. */
export async function importImages(
  recipes: readonly ImageRecipe[],
  maker: LayerMaker,
  place: Place,
  told: (name: string) => void,
): Promise<void> {
  const there = new Set((await runCommand([...ctr, 'images', 'ls', '-q'])).split('\n'));
  const text = await readFile(place.images, 'utf8').catch(() => '{}');
  const known = JSON.parse(text) as Record<string, string>;
  for (const recipe of recipes) {
    const layers = await makeLayers(recipe, maker);
    const { digest } = archiveIndexOf(recipe, layers);
    if (known[recipe.name] === digest && there.has(referenceOf(recipe.name))) continue;
    await pour(recipe, layers);
    known[recipe.name] = digest;
    await writeFile(place.images, JSON.stringify(known, null, 2));
    told(recipe.name);
  }
}

/** Writes the image as a file. */
export async function exportImage(recipe: ImageRecipe, maker: LayerMaker, file: string): Promise<void> {
  const layers = await makeLayers(recipe, maker);
  await pipeline(Readable.from(dockerArchive(archiveIndexOf(recipe, layers), layers)), createWriteStream(file));
}

export async function makeLayers(recipe: ImageRecipe, maker: LayerMaker): Promise<MadeLayer[]> {
  const layers: MadeLayer[] = [];
  for (const layer of recipe.layers) layers.push(await maker.make(layer));
  return layers;
}

async function pour(recipe: ImageRecipe, layers: readonly MadeLayer[]): Promise<void> {
  const there = new Set((await runCommand([...ctr, 'content', 'ls', '-q'])).split('\n'));
  const missing = layers.filter(({ digest }) => !there.has(`sha256:${digest}`));
  const [program, ...rest] = ctr;
  const child = spawn(program, [...rest, 'images', 'import', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const poured = pipeline(Readable.from(ociArchive(ociImageOf(recipe, layers), missing)), child.stdin);
  // If it ends early, its exit code and words say more than the broken pipe.
  const [[code], [result]] = await Promise.all([closed, Promise.allSettled([poured])]);
  if (code !== 0) throw new Stop(`containerd does not take the image ${recipe.name}: ${said.trim()}`);
  if (result.status === 'rejected') throw result.reason;
}
