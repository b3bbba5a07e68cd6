import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../../tools/docs/source-files.ts';
import { s3 } from '../../testbed/addresses.ts';

/** What the `konverge` command did, as a user types it. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A working directory of `konverge`, with a home of its own. */
export interface Directory extends Disposable {
  readonly path: string;
  write(name: string, text: string): void;
  /** `kubeconfig`: a file; absent: there is none. Standard input is no terminal. */
  konverge(argv: readonly string[], kubeconfig?: string): Promise<Said>;
}

/** Longer than any of the commands should take; then it is killed, and its code is null. */
const patienceMs = 120_000;

export function makeDirectory(): Directory {
  const directory = mkdtempSync(path.join(tmpdir(), 'konverge-cli-'));
  const home = path.join(directory, 'home');
  mkdirSync(home);
  return {
    path: directory,
    write: (name, text) => writeFileSync(path.join(directory, name), text),
    konverge: (argv, kubeconfig) => run(directory, home, argv, kubeconfig),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Flags of Snakemake for storage in the testbed's bucket. */
export function storageFlags(prefix: string): string[] {
  const flags = {
    '--default-storage-provider': 's3',
    '--default-storage-prefix': `s3://${s3.bucket}/${prefix}`,
    '--storage-s3-endpoint-url': s3.endpoint,
    '--storage-s3-access-key': s3.accessKey,
    '--storage-s3-secret-key': s3.secretKey,
  };
  return Object.entries(flags).flat();
}

function run(directory: string, home: string, argv: readonly string[], kubeconfig: string | undefined): Promise<Said> {
  const env = { ...process.env, HOME: home, KUBECONFIG: kubeconfig, PYTHONWARNINGS: 'ignore' };
  const child = spawn(process.execPath, [path.join(root, 'src/konverge.ts'), ...argv], {
    cwd: directory,
    env: kubeconfig === undefined ? { ...env, KUBECONFIG: '' } : env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...texts }));
  });
}
