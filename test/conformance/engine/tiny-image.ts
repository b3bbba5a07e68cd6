import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Lack } from '../../test-unless.ts';

export const tinyImage = 'localhost/konverge-test/tiny:1';

const programs = ['sh', 'bash', 'cat', 'id', 'sleep', 'touch'];
let knownLack: { readonly lack: Lack } | undefined;

/**
 * Why no container can be run with podman here; undefined where it can, and then `tinyImage` is there: made of this
 * machine's own shell and a few tools, since no registry is asked.
 */
export function lackOfPodman(): Lack {
  knownLack ??= { lack: probe() };
  return knownLack.lack;
}

function probe(): Lack {
  if (spawnSync('podman', ['--version']).status !== 0) return 'missing tool: podman';
  try {
    importImage();
  } catch (error) {
    return `not possible here: ${(error as Error).message.trim().split('\n').at(-1)}`;
  }
  const asItIs = runInImage();
  if (asItIs === undefined || !hasRunc()) return asItIs;
  // On old control groups crun gives up, and podman's own limits may be above what this machine allows. runc manages.
  process.env['CONTAINERS_CONF'] = writeModestSettings();
  return runInImage();
}

function runInImage(): Lack {
  const argv = ['run', '--rm', '--network', 'host', tinyImage, '/bin/sh', '-c', 'exit 0'];
  const { status, stderr } = spawnSync('podman', argv, { encoding: 'utf8' });
  return status === 0 ? undefined : `not possible here: ${stderr.trim().split('\n').at(-1)}`;
}

function hasRunc(): boolean {
  return spawnSync('runc', ['--version']).status === 0;
}

/** Settings of podman for these tests: runc, and limits that this process may set. */
function writeModestSettings(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'konverge-podman-')), 'containers.conf');
  const limits = ['nofile=1024:1024', 'nproc=1000:1000'];
  writeFileSync(path, `[engine]\nruntime = "runc"\n[containers]\ndefault_ulimits = ${JSON.stringify(limits)}\n`);
  return path;
}

function importImage(): void {
  if (spawnSync('podman', ['image', 'exists', tinyImage]).status === 0) return;
  const root = mkdtempSync(join(tmpdir(), 'konverge-image-'));
  try {
    for (const directory of ['bin', 'tmp', 'proc', 'sys', 'dev', 'etc']) mkdirSync(join(root, directory));
    writeFileSync(join(root, 'in-the-image'), '');
    for (const name of programs) {
      const path = execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim();
      copyFileSync(path, join(root, 'bin', basename(name)));
      for (const [library] of execFileSync('ldd', [path], { encoding: 'utf8' }).matchAll(/\/\S+/g)) {
        mkdirSync(join(root, dirname(library)), { recursive: true });
        if (!existsSync(join(root, library))) copyFileSync(library, join(root, library));
      }
    }
    execFileSync('tar', ['-C', root, '-cf', `${root}.tar`, '.']);
    execFileSync('podman', ['import', `${root}.tar`, tinyImage], { stdio: ['ignore', 'ignore', 'pipe'] });
  } finally {
    rmSync(root, { recursive: true, force: true });
    rmSync(`${root}.tar`, { force: true });
  }
}
