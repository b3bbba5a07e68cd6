import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { holdLock } from './hold-lock.mjs';

test('a lock has one holder, and is free again when that one lets go', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'konverge-hold-lock-'));
  const file = path.join(directory, 'lock');
  const release = await holdLock(file, 'python3');
  expect(release).not.toBeNull();
  expect(await holdLock(file, 'python3')).toBeNull();
  release?.();
  await expect.poll(() => holdLock(file, 'python3')).not.toBeNull();
  await rm(directory, { recursive: true });
});
