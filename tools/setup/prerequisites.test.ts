// What a person sees who lacks something: one line, with the command that installs it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const start = path.join(import.meta.dirname, '../start.mjs');

let binaries: string;

beforeEach(() => {
  binaries = mkdtempSync(path.join(tmpdir(), 'konverge-prerequisites-'));
});

afterEach(() => {
  rmSync(binaries, { recursive: true, force: true });
});

function startWithPython(answer: unknown): { status: number | null; stderr: string } {
  if (answer !== null) {
    writeFileSync(path.join(binaries, 'python3'), `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`, { mode: 0o755 });
  }
  const { status, stderr } = spawnSync(process.execPath, [start], { env: { PATH: binaries }, encoding: 'utf8' });
  return { status, stderr };
}

test('no python3', () => {
  expect(startWithPython(null)).toEqual({
    status: 1,
    stderr: 'konverge: python3 and python3-venv are missing: sudo apt-get install python3 python3-venv\n',
  });
});

test('python3 too old', () => {
  const { status, stderr } = startWithPython(['/usr/bin/python3', '3.9.2', [3, 9], true]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^konverge: python3 is 3\.9\.2, needed is 3\.11 or newer .*sudo apt-get install .*\n$/);
});

test('python3 without venv', () => {
  expect(startWithPython(['/usr/bin/python3', '3.11.2', [3, 11], false])).toEqual({
    status: 1,
    stderr: 'konverge: python3-venv is missing: sudo apt-get install python3-venv\n',
  });
});
