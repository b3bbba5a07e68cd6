import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestCluster } from './cluster.ts';

/** What a person does by hand, in the namespace of a test. What it says. */
export async function kubectl({ kubeconfig, namespace }: TestCluster, ...words: readonly string[]): Promise<string> {
  const program = process.env['KONVERGE_TEST_KUBECTL'] ?? 'kubectl';
  const place = ['--kubeconfig', kubeconfig, '--namespace', namespace];
  return (await promisify(execFile)(program, [...place, ...words])).stdout;
}
