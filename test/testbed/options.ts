import { parseArgs } from 'node:util';
import type { ImageName } from '../../images/recipe.ts';
import { optionalImages } from '../../images/registry.ts';
import { Stop } from '../../tools/setup/stop.mjs';

/** How a cluster is to be. `up` keeps what it is not told anew, until `down`. */
export interface Options {
  /** How many nodes KWOK pretends, of 32 CPUs each. */
  readonly kwok: number;
  /** How many CPUs the node says it has; 0: those of the machine. */
  readonly cpus: number;
  /** Whether the API server writes an audit log. */
  readonly audit: boolean;
  /** Whether the clients of the controllers may ask as often as they like (the default is what a cluster has by default). */
  readonly fast: boolean;
  /** Images beside those that every cluster has. */
  readonly images: readonly ImageName[];
}

export const defaultOptions: Options = { kwok: 0, cpus: 8, audit: false, fast: false, images: [] };

export const usage = `usage: npm run testbed -- COMMAND
  build [--images LIST]   binaries and images, without starting anything; with a list: not all of the large images
  up [--kwok N] [--cpus N] [--audit] [--fast] [--images LIST]
                          start what does not run yet; again with other options: change what differs
                          (--kwok 0, --no-audit, --no-fast, --images '' undo); LIST: large images, of
                          ${optionalImages.join(', ')}
  status                  what runs
  down [--purge]          end everything; --purge drops the state of the cluster too
  start NAME... | stop NAME... | restart NAME...
                          one daemon: etcd, kube-apiserver, kubelet, kueue, ...
  namespace NAME...       make a namespace with the queues of the testbed
  image NAME FILE         write an image as a tar for docker load, podman load or kind load image-archive`;

export type Command =
  /** `images`: which of the large ones; absent: all. */
  | { readonly kind: 'build'; readonly images?: readonly ImageName[] }
  | { readonly kind: 'status' }
  | { readonly kind: 'up'; readonly options: Partial<Options> }
  | { readonly kind: 'down'; readonly purge: boolean }
  | { readonly kind: 'start' | 'stop' | 'restart'; readonly names: readonly string[] }
  | { readonly kind: 'namespace'; readonly names: readonly string[] }
  | { readonly kind: 'image'; readonly name: string; readonly file: string };

/**
 * @param words  after `npm run testbed --`
 * @throws {Stop} with the usage
 */
export function parseCommand(words: readonly string[]): Command {
  const [kind, ...rest] = words;
  switch (kind) {
    case 'build': {
      const { images, ...others } = parseOptions(rest);
      if (Object.keys(others).length === 0) return { kind, ...(images !== undefined && { images }) };
      break;
    }
    case 'status':
      if (rest.length === 0) return { kind };
      break;
    case 'up':
      return { kind, options: parseOptions(rest) };
    case 'down':
      if (rest.every((word) => word === '--purge')) return { kind, purge: rest.length > 0 };
      break;
    case 'start':
    case 'stop':
    case 'restart':
    case 'namespace':
      if (rest.length > 0 && rest.every((word) => !word.startsWith('-'))) return { kind, names: rest };
      break;
    case 'image': {
      const [name, file] = rest;
      if (name !== undefined && file !== undefined && rest.length === 2) return { kind, name, file };
      break;
    }
    case undefined:
    default:
  }
  throw new Stop(usage);
}

function parseOptions(words: readonly string[]): Partial<Options> {
  const values = read(words);
  return {
    ...(values.kwok !== undefined && { kwok: count('--kwok', values.kwok, 1000) }),
    ...(values.cpus !== undefined && { cpus: count('--cpus', values.cpus, 1024) }),
    ...(values.audit !== undefined && { audit: values.audit }),
    ...(values.fast !== undefined && { fast: values.fast }),
    ...(values.images !== undefined && { images: imageNames(values.images) }),
  };
}

function read(words: readonly string[]) {
  try {
    const options = {
      kwok: { type: 'string' },
      cpus: { type: 'string' },
      audit: { type: 'boolean' },
      fast: { type: 'boolean' },
      images: { type: 'string' },
    } as const;
    return parseArgs({ args: [...words], options, allowNegative: true, strict: true }).values;
  } catch (error) {
    throw new Stop(`${(error as Error).message}\n${usage}`);
  }
}

function count(flag: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= most) return number;
  throw new Stop(`${flag} wants a whole number from 0 to ${most}, not ${JSON.stringify(text)}`);
}

function imageNames(text: string): ImageName[] {
  return text
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      const image = optionalImages.find((known) => known === name);
      if (image === undefined)
        throw new Stop(`--images knows ${optionalImages.join(', ')}, not ${JSON.stringify(name)}`);
      return image;
    });
}
