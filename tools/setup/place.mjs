// Where things are. Plain JavaScript for any Node >= 18, like all of tools/setup: it runs before
// Node 24, which could run TypeScript, is there.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Git-ignored; holds example runs, reports and locks. Safe to delete. */
export const workDirectory = path.join(root, '.work');

/** Safe to delete: everything in it is made again when it is missing. */
export const cacheDirectory = path.join(process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'konverge');

export const pythonProject = path.join(root, 'integrations/snakemake');
export const requirementsDirectory = path.join(pythonProject, 'requirements');
