import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Seconds of one whole `snakemake` in this folder. Throws with its words if it fails. `before`: words of a program that runs it. */
export async function secondsOfSnakemake(
  folder: string,
  flags: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  before: readonly string[] = [],
): Promise<number> {
  const begin = performance.now();
  const [program, ...rest] = [...before, 'snakemake', ...flags, '--quiet', 'all'];
  const child = spawn(program, rest, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - begin) / 1000;
  if (code !== 0) throw new Error(`snakemake ${flags.join(' ')} ended with ${String(code)}:\n${words}`);
  return seconds;
}

/** Runs something in a new folder, which goes afterwards. */
export async function inNewFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'konverge-bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

export function expectFiles(folder: string, count: number): void {
  const made = readdirSync(folder).length;
  if (made !== count) throw new Error(`${made} of ${count} outputs were made`);
}
