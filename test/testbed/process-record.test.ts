import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseStat, readLiving, startTimeOf, writeRecord } from './process-record.ts';

test('a program may be called anything', () => {
  const rest = `S 1 ${'0 '.repeat(17)}4711 0`;
  expect(parseStat(`42 (a) b (c)) ${rest}`)).toEqual({ state: 'S', startTime: '4711' });
});

test('a process is known by its pid and its start; another one with its pid is not it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'konverge-records-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const record = { pid, startTime: startTimeOf(pid) ?? '', fingerprint: 'f' };

  expect(readLiving(folder, 'cat')).toBeUndefined();
  await writeRecord(folder, 'cat', record);
  expect(readLiving(folder, 'cat')).toEqual(record);
  await writeRecord(folder, 'cat', { ...record, startTime: '1' });
  expect(readLiving(folder, 'cat')).toBeUndefined();

  await writeRecord(folder, 'cat', record);
  child.stdin.end();
  await once(child, 'exit');
  expect(readLiving(folder, 'cat')).toBeUndefined();
});
