// The commands of docs/guides/writing-a-front-end.md work as they stand there, one after another.
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../../tools/docs/source-files.ts';
import { page } from './pages.ts';

const missing = ['curl', 'bash', 'setsid'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);

test('a front end of curl', async ({ skip }) => {
  skip(missing.length > 0, `missing tool: ${missing.join(', ')}`);
  const text = page('docs/guides/writing-a-front-end.md');
  const blocks = [...text.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  const directory = mkdtempSync(path.join(tmpdir(), 'konverge-walk-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const command = path.join(directory, 'konverge');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${path.join(root, 'src/konverge.ts')}' "$@"\n`);
  chmodSync(command, 0o755);
  const { stdout } = await promisify(execFile)('bash', ['-euc', blocks.join('\necho\n')], {
    cwd: directory,
    env: { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` },
    timeout: 60_000,
  });
  expect(stdout).toContain('"outcome":"accepted"');
  expect(stdout).toContain('"state":"succeeded"');
  expect(stdout).toContain('{"cancelled":0,"stillRunning":0}');
  expect(stdout).not.toContain('"error"');
}, 90_000);
