import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { holdLock } from '../../tools/setup/hold-lock.mjs';
import { checkPrerequisites } from '../../tools/setup/prerequisites.mjs';
import { Stop } from '../../tools/setup/stop.mjs';
import { type Place, runDirectory } from './place.ts';
import { readLiving } from './process-record.ts';

const ownerFile = path.join(runDirectory, 'state');
const lockFile = '/run/konverge-testbed.lock';

const lockPatienceMs = 1_800_000;

/**
 * Lets only one of these commands change the machine at a time; waits for another one.
 * @returns lets go of it
 */
export async function lockMachine(say: (line: string) => void): Promise<() => void> {
  const { executable } = await checkPrerequisites();
  const deadline = performance.now() + lockPatienceMs;
  for (let told = false; ; told = true) {
    const release = await holdLock(lockFile, executable);
    if (release !== null) return release;
    if (performance.now() > deadline)
      throw new Stop(`another \`npm run testbed\` has held ${lockFile} for half an hour`);
    if (!told) say('waiting for another `npm run testbed` on this machine');
    await pause(500);
  }
}

/** @throws {Stop} if a cluster with another state directory runs here: bridge, ports and control groups are the machine's */
export async function claimMachine({ state }: Place): Promise<void> {
  const owner = existsSync(ownerFile) ? readFileSync(ownerFile, 'utf8') : state;
  if (owner !== state && livingDaemons(path.join(owner, 'daemons')).length > 0) {
    throw new Stop(`a testbed runs on this machine already, with its state in ${owner}: end that one first`);
  }
  await mkdir(runDirectory, { recursive: true });
  await writeFile(ownerFile, state);
}

/** Names of the daemons that run. */
export function livingDaemons(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map((file) => path.basename(file, '.json'));
  return names.filter((name) => readLiving(folder, name) !== undefined);
}
