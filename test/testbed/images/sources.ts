import path from 'node:path';
import type { Source } from '../../../images/recipe.ts';
import { root } from '../../../tools/setup/place.mjs';
import { runCommand } from '../command.ts';

/** Where the files of images come from. */
export interface Sources {
  /** Absolute path of the file. */
  find(source: Source): Promise<string>;
}

/** @param pause  the program that is built with the daemons */
export function sourcesOf(pause: string): Sources {
  let bundle: Promise<string> | undefined;
  return {
    async find(source) {
      switch (source.kind) {
        case 'pause':
          return pause;
        case 'node':
          return process.execPath;
        case 'agent':
          bundle ??= bundleCore();
          return path.join(await bundle, 'agent.mjs');
        case 'repository':
          return path.join(root, source.path);
        case 'host':
          return source.path;
      }
    },
  };
}

/** @returns the folder with the bundles of the core and the agent */
export async function bundleCore(): Promise<string> {
  await runCommand([process.execPath, path.join(root, 'tools/build.ts')], { cwd: root });
  return path.join(root, 'integrations/snakemake/src/snakemake_executor_plugin_kueue/core');
}
