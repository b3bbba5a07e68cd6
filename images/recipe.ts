/** How an image is made without Docker and without a registry: layers, each the root file system's next part. Plain data. */
export interface ImageRecipe {
  readonly name: ImageName;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

export type ImageName =
  | 'pause'
  | 'busybox'
  | 'apps'
  | 'agent'
  | 'snakemake'
  | 'redis'
  | 'bwa'
  | 'samtools'
  | 'bcftools'
  | 'mpi'
  | 'mpis'
  | 'lammps'
  | 'flux'
  | 'flux-view'
  | 'peer';

/** As the image specification of OCI has it. */
export interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
}

export type Layer =
  /** A whole Debian, of the release of the machine that makes it: the essential packages and these. */
  | { readonly kind: 'debian'; readonly packages: readonly string[] }
  | { readonly kind: 'files'; readonly entries: readonly Entry[] }
  /** A Python environment at an absolute path, made with the Python of the Debian below it; `also` is on its path too. */
  | {
      readonly kind: 'python';
      readonly on: Layer & { readonly kind: 'debian' };
      readonly folder: string;
      /** Requirements files, from the repository's root. */
      readonly requirements: readonly string[];
      readonly also?: string;
    }
  /** Our own Python package, in a folder of its own: it changes more often than what it depends on. */
  | { readonly kind: 'plugin'; readonly folder: string };

/** `path` is absolute. Parents are not made: a layer names them, or one below has them. */
export type Entry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'text'; readonly path: string; readonly mode: number; readonly text: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly from: Source };

/** A file that is made or found when the image is. */
export type Source =
  /** The program that is PID 1 of a pod. */
  | { readonly kind: 'pause' }
  /** The Node of this project. */
  | { readonly kind: 'node' }
  /** src/agent.ts with all that it needs, in one file. */
  | { readonly kind: 'agent' }
  /** Of this repository, from its root. */
  | { readonly kind: 'repository'; readonly path: string }
  /** Of this machine, from a package of Debian's. */
  | { readonly kind: 'host'; readonly path: string };

/** In place of Flux, which is not to be had: one file that needs nothing but Python. */
export const fluxStub = { kind: 'repository', path: 'images/flux-view/flux.py' } as const satisfies Source;

export const standardPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The name under which a cluster knows the image. Not `latest`: that one would be pulled each time. */
export function referenceOf(name: ImageName): string {
  return `docker.io/konverge/${name}:dev`;
}
