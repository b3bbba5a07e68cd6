import { spawnSync } from 'node:child_process';
import { test } from 'vitest';

/** What this machine lacks for a case; undefined where it can be run. Shown as the reason of the skip. */
export type Lack = string | undefined;

export function missingTool(name: string): Lack {
  const found = spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0;
  return found ? undefined : `missing tool: ${name}`;
}

/** A case that is skipped, with the reason in its name, where the machine cannot run it. */
export function testUnless(lack: Lack, name: string, run: () => Promise<void>, timeoutMs = 60_000): void {
  if (lack === undefined) test(name, run, timeoutMs);
  else test.skip(`${name} (${lack})`);
}
