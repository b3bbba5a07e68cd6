import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { openObjectStore } from '../../src/storage/objects/registry.ts';
import { testUnless } from '../test-unless.ts';
import { serverLack } from './lack.ts';

const lack = await serverLack();
const program = fileURLToPath(new URL('./serve.ts', import.meta.url));

testUnless(lack, 'serves another process until its stdin closes', async () => {
  const child = spawn(process.execPath, [program, '--faults'], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value)) as never;
  const {
    proxy,
    accessKey,
    secretKey,
    pid,
    dir,
  }: Record<'proxy' | 'accessKey' | 'secretKey' | 'dir', string> & {
    pid: number;
  } = await next();

  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const store = openObjectStore({ kind: 's3', endpointUrl: proxy, credentials });
  onTestFinished(() => store.close());
  const at = { store: 'test', bucket: 'bucket', key: 'a' };
  await store.put(at, Buffer.from('content'));

  const tell = (command: unknown) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return next();
  };
  await tell({ clear: true });
  await tell({ add: [{ operation: 'HeadObject', fault: { kind: 'answer', status: 403 } }] });
  await expect(store.head(at)).rejects.toMatchObject({ code: 'storage-denied' });
  expect(await store.head(at)).toMatchObject({ sizeBytes: 7 });
  expect(await tell({ seen: true })).toEqual(
    Array.from({ length: 2 }, () => ({ operation: 'HeadObject', bucket: 'bucket', key: 'a' })),
  );

  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(existsSync(dir)).toBe(false);
});

testUnless(lack, 'does not outlive a killed process', async () => {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { pid, endpoint, dir } = JSON.parse(line) as { pid: number; endpoint: string; dir: string };
  // Only the server ends with it; nobody is left to clear its folder away.
  onTestFinished(() => rm(path.dirname(dir), { recursive: true, force: true }));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(() => lives(pid), { timeout: 5000 }).toBe(false);
  await expect(fetch(endpoint)).rejects.toThrow('fetch failed');
});

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
