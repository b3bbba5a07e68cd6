// What kubectl makes of deploy/: it builds, and the server would take it.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { root } from '../../../tools/docs/source-files.ts';
import { testKubeconfig } from '../cluster.ts';

/** That of the testbed, where `npm run test:cluster` says it; else the one on PATH. */
const kubectl = process.env['KONVERGE_TEST_KUBECTL'] ?? 'kubectl';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly subjects?: readonly { readonly namespace?: string }[];
}

/** An overlay as docs/guides/kubernetes.md has it, built. */
async function build(base: string, context: TestContext): Promise<{ yaml: string; manifests: readonly Manifest[] }> {
  if (spawnSync(kubectl, ['version', '--client']).error) context.skip('missing tool: kubectl');
  const overlay = mkdtempSync(path.join(tmpdir(), 'konverge-overlay-'));
  onTestFinished(() => rmSync(overlay, { recursive: true, force: true }));
  const resources = [path.relative(realpathSync(overlay), path.join(root, base))];
  writeFileSync(path.join(overlay, 'kustomization.yaml'), JSON.stringify({ namespace: 'default', resources }));
  const { stdout } = await promisify(execFile)(kubectl, ['kustomize', overlay]);
  return { yaml: stdout, manifests: parseAllDocuments(stdout).map((document) => document.toJS() as Manifest) };
}

describe.each([
  ['deploy/rbac', ['Role', 'RoleBinding', 'ServiceAccount']],
  ['deploy/rbac-with-quotas', ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ServiceAccount']],
  ['deploy/flux', ['LocalQueue', 'Namespace', 'Role', 'RoleBinding']],
  ['deploy/driver', ['ConfigMap', 'Job', 'PersistentVolumeClaim', 'Role', 'RoleBinding', 'ServiceAccount']],
])('%s', (base, kinds) => {
  test('builds, into the namespace of the overlay', async (context) => {
    const { manifests } = await build(base, context);
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual(kinds);
    for (const { kind, metadata, subjects = [] } of manifests) {
      expect(metadata.namespace, kind).toBe(/^Cluster|^Namespace$/.test(kind) ? undefined : 'default');
      for (const subject of subjects) expect(subject.namespace, kind).toBe('default');
    }
  });

  test('is taken by the server', { timeout: 60_000 }, async (context) => {
    if (testKubeconfig === undefined) context.skip('not possible here: no cluster (npm run test:cluster runs these)');
    const { yaml } = await build(base, context);
    // Not by the client's annotation, which is missed in objects that somebody else has made.
    const how = ['--server-side', '--dry-run=server', '--field-manager=konverge-test'];
    const argv = [`--kubeconfig=${testKubeconfig}`, 'apply', ...how, '--filename=-', '--output=name'];
    const { status, stdout, stderr } = spawnSync(kubectl, argv, { input: yaml, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(kinds.length);
  });
});
