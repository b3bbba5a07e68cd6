import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreClient } from '../../client/core-client.ts';
import { SessionList } from '../../http/schemas.ts';

/**
 * Snakemake's locks stay behind when it is killed, and then refuse the next run. They are taken away only if the run that
 * left them is known to us and its process is surely gone on this host; any other lock is left to the user.
 * Returns how many were removed.
 */
export async function removeStaleLocks(core: CoreClient, workdir: string): Promise<number> {
  const locks = join(workdir, '.snakemake', 'locks');
  const names = listNames(locks);
  if (names.length === 0) return 0;
  const { sessions } = await core.call('GET', '/v1/sessions', SessionList);
  const last = sessions.at(-1);
  if (!last || last.closedAtMs !== undefined || last.attached || last.alive) return 0;
  for (const name of names) rmSync(join(locks, name), { force: true });
  return names.length;
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // No locks were ever taken here.
    return [];
  }
}
