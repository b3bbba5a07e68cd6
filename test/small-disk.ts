import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Lack } from './test-unless.ts';

/** Why no file system of a test's own can be had here. */
export function lackOfSmallDisk(): Lack {
  const folder = mkdtempSync(join(tmpdir(), 'konverge-mount-'));
  try {
    mount(folder, 1);
    execFileSync('umount', [folder], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    return `missing tool: mount of a tmpfs: ${message.split('\n')[1] ?? message}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A file system of so many MiB at this folder, until the test is over. */
export function mountSmallDisk(folder: string, mebibytes: number): void {
  mount(folder, mebibytes);
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
}

function mount(folder: string, mebibytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'konverge-test', folder], { stdio: 'pipe' });
}
