import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readTar } from './tar-reader.ts';

test.each(['pax', 'gnu', 'ustar'])('an archive in the form %s is read', (format) => {
  const folder = mkdtempSync(join(tmpdir(), 'konverge-tar-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const long = format === 'ustar' ? 'd/short' : `d/${'long-name-'.repeat(15)}ü`;
  mkdirSync(join(folder, 'd'));
  writeFileSync(join(folder, 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(folder, 'run.sh'), 0o755);
  writeFileSync(join(folder, long), 'x'.repeat(1000));
  writeFileSync(join(folder, 'empty'), '');
  symlinkSync('run.sh', join(folder, 'again'));

  const archive = execFileSync('tar', ['-c', `--format=${format}`, '-C', folder, '.']);
  const entries = new Map([...readTar(archive)].map((entry) => [entry.path, entry]));
  expect([...entries.keys()].sort()).toEqual(['', 'again', 'd', long, 'empty', 'run.sh'].sort());
  expect(entries.get('d')?.kind).toBe('directory');
  expect(entries.get('again')).toMatchObject({ kind: 'link', target: 'run.sh' });
  expect(entries.get(long)?.content.toString()).toBe('x'.repeat(1000));
  expect(entries.get('empty')?.content.length).toBe(0);
  expect((entries.get('run.sh')?.mode ?? 0) & 0o111).toBe(0o111);
});

test('what is cut off, or no archive, is an error', () => {
  expect(() => [...readTar(Buffer.alloc(1024, 'x'))]).toThrow('not a tar archive');
  const archive = execFileSync('tar', ['-c', '-C', import.meta.dirname, 'tar-reader.ts']);
  expect(() => [...readTar(archive.subarray(0, 1024))]).toThrow('ends in the middle');
});

test('a path that leads out is refused', () => {
  const archive = execFileSync('tar', ['-c', '-P', '-C', import.meta.dirname, '../staging/tar-reader.ts']);
  expect(() => [...readTar(archive)]).toThrow('leads out of the archive');
});
