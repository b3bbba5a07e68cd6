import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Entry, Layer } from '../../../images/recipe.ts';
import { runCommand } from '../command.ts';
import { debianSuite } from '../machine.ts';
import type { Place } from '../place.ts';
import type { MadeLayer } from './docker-archive.ts';
import { installPlugin, pluginKey } from './plugin-layer.ts';
import { installRequirements, requirementsText } from './python-layer.ts';
import { type Sources, sourcesOf } from './sources.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

/** Manuals and translations: nobody reads them in a pod. */
const left = ['man', 'doc', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);

/** Makes layers, or finds them in the cache. One at a time: several images want the same one. */
export interface LayerMaker {
  make(layer: Layer): Promise<MadeLayer>;
}

/** For this machine's release of Debian. @param pause  the program that is built with the daemons */
export async function layersOf(place: Place, pause: string, say: (line: string) => void): Promise<LayerMaker> {
  const suite = debianSuite(await readFile('/etc/os-release', 'utf8'));
  // What a killed one was making; only one at a time makes layers (owner.ts).
  const cache = path.join(place.cache, 'layers');
  await mkdir(cache, { recursive: true });
  const stale = (await readdir(cache)).filter((name) => name.startsWith('.making-'));
  for (const name of stale) await rm(path.join(cache, name), { recursive: true });
  return layerMaker(cache, suite, sourcesOf(pause), say);
}

/**
 * @param cache  folder of finished layers, named by their content
 * @param suite  the release of Debian that layers are made of
 * @param say  told what takes a while
 */
export function layerMaker(cache: string, suite: string, sources: Sources, say: (line: string) => void): LayerMaker {
  const made = new Map<string, Promise<MadeLayer>>();

  async function make(layer: Layer): Promise<MadeLayer> {
    const key = await keyOf(layer);
    const running = made.get(key) ?? cached(layer, key);
    made.set(key, running);
    return running;
  }

  async function cached(layer: Layer, key: string): Promise<MadeLayer> {
    const file = path.join(cache, `${layer.kind}-${key}.tar`);
    const note = `${file}.json`;
    if (existsSync(note)) return { file, ...(JSON.parse(await readFile(note, 'utf8')) as Omit<MadeLayer, 'file'>) };
    if (layer.kind !== 'files') say(`making a layer: ${describe(layer)}`);
    await mkdir(cache, { recursive: true });
    const scratch = await mkdtemp(path.join(cache, '.making-'));
    try {
      const target = path.join(scratch, 'layer.tar');
      await write(layer, target, scratch);
      await rename(target, file);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    const facts = { digest: await sha256(file), sizeBytes: (await stat(file)).size };
    await writeFile(note, JSON.stringify(facts));
    return { file, ...facts };
  }

  async function write(layer: Layer, target: string, scratch: string): Promise<void> {
    switch (layer.kind) {
      case 'files':
        return writeEntries(layer.entries, target, sources);
      case 'debian': {
        const packages = `--include=${layer.packages.join(',')}`;
        await runCommand(['mmdebstrap', '--quiet', '--variant=essential', packages, ...left, suite, target]);
        return;
      }
      case 'python': {
        const base = await make(layer.on);
        return installRequirements({ ...layer, base: base.file, scratch, target });
      }
      case 'plugin':
        return installPlugin(layer.folder, scratch, target);
    }
  }

  async function keyOf(layer: Layer): Promise<string> {
    const facts: unknown[] = [layer, process.arch];
    if (layer.kind === 'debian' || layer.kind === 'python') facts.push(suite);
    if (layer.kind === 'python') facts.push(await requirementsText(layer.requirements));
    if (layer.kind === 'plugin') facts.push(await pluginKey());
    if (layer.kind === 'files') {
      for (const entry of layer.entries) {
        if (entry.kind === 'file') facts.push(await sha256(await sources.find(entry.from)));
      }
    }
    return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
  }

  return { make };
}

function describe(layer: Exclude<Layer, { kind: 'files' }>): string {
  switch (layer.kind) {
    case 'debian':
      return `Debian with ${layer.packages.join(', ')}`;
    case 'python':
      return `Python packages of ${layer.requirements.join(', ')}`;
    case 'plugin':
      return 'our Python package';
  }
}

async function writeEntries(entries: readonly Entry[], target: string, sources: Sources): Promise<void> {
  await pipeline(() => archive(entries, sources), createWriteStream(target));
}

async function* archive(entries: readonly Entry[], sources: Sources): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    const inArchive = entry.path.slice(1);
    switch (entry.kind) {
      case 'directory':
        yield tarHeader({ path: inArchive, kind: 'directory', mode: entry.mode, sizeBytes: 0 });
        break;
      case 'link':
        yield tarHeader({ path: inArchive, kind: 'link', mode: 0o777, sizeBytes: 0, target: entry.target });
        break;
      case 'text':
      case 'file': {
        const content =
          entry.kind === 'text' ? Buffer.from(entry.text) : await readFile(await sources.find(entry.from));
        yield tarHeader({ path: inArchive, kind: 'file', mode: entry.mode, sizeBytes: content.length });
        yield content;
        yield tarPadding(content.length);
        break;
      }
    }
  }
  yield tarEnd;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
