// The manifests of deploy/ can be read, and grant exactly what the engine does.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfiguration } from '../../src/config/load.ts';
import { type Right, rights, rightsOf } from '../../src/engines/kubernetes/examine/rights.ts';
import { kindOf } from '../../src/engines/kubernetes/kinds/registry.ts';
import { exitCodes } from '../../src/frontends/cli/exit-codes.ts';
import { root, sourceFiles } from '../../tools/docs/source-files.ts';

const folder = path.join(root, 'deploy');
const files = sourceFiles('deploy', (file) => file.endsWith('.yaml')).map(({ path: file }) => file);

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** `create jobs.batch`, one for each verb. */
function granted(file: string): string[] {
  const { rules } = parse(readFileSync(path.join(folder, file), 'utf8')) as { readonly rules: readonly Rule[] };
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource} ${group}`))),
  );
}

function asked(of: (right: Right) => boolean, all: readonly Right[] = rights()): string[] {
  return all
    .filter(of)
    .flatMap(({ group, resource, subresource, verbs }) =>
      verbs.map((verb) => `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`} ${group}`),
    );
}

test('every file is YAML', () => {
  expect(files.length).toBeGreaterThan(8);
  for (const file of files) {
    const faults = parseAllDocuments(readFileSync(path.join(root, file), 'utf8')).flatMap(({ errors }) => errors);
    expect(faults, file).toEqual([]);
  }
});

test('the Role has what doctor asks for in the namespace, and nothing else', () => {
  expect(granted('rbac/role.yaml').toSorted()).toEqual(asked(({ namespaced }) => namespaced).toSorted());
});

test('the Role of the namespace of MiniClusters has what doctor asks for there', () => {
  const wanted = asked(() => true, rightsOf(kindOf('minicluster')));
  expect(granted('flux/role.yaml').toSorted()).toEqual(wanted.toSorted());
});

test('the ClusterRole has the rest', () => {
  expect(granted('rbac-with-quotas/cluster-role.yaml').toSorted()).toEqual(
    asked(({ namespaced }) => !namespaced).toSorted(),
  );
});

test('every file that a kustomization names is there, and every one that is there is named', () => {
  const isKustomization = (file: string): boolean => file.endsWith('/kustomization.yaml');
  const named = files.filter(isKustomization).flatMap((file) => {
    const { resources = [], configMapGenerator = [] } = parse(readFileSync(path.join(root, file), 'utf8')) as {
      readonly resources?: readonly string[];
      readonly configMapGenerator?: readonly { readonly files: readonly string[] }[];
    };
    const local = [...resources, ...configMapGenerator.flatMap((one) => one.files)];
    return local
      .filter((name) => !name.startsWith('..'))
      .map((name) => path.posix.join(path.posix.dirname(file), name));
  });
  const rest = sourceFiles('deploy', () => true).map(({ path: file }) => file);
  expect(named.toSorted()).toEqual(rest.filter((file) => !isKustomization(file)).toSorted());
});

test("the driver's Job starts another driver after one that was asked to go", () => {
  const { spec } = parse(readFileSync(path.join(folder, 'driver/job.yaml'), 'utf8')) as {
    readonly spec: { readonly podFailurePolicy: { readonly rules: readonly unknown[] } };
  };
  expect(spec.podFailurePolicy.rules).toContainEqual({
    action: 'Ignore',
    onExitCodes: { containerName: 'driver', operator: 'In', values: [exitCodes.detached.code] },
  });
});

test("the driver's konverge.yaml is right", () => {
  const file = path.join(folder, 'driver/workflow/konverge.yaml');
  expect(loadConfiguration(folder, file)).toMatchObject({ engine: 'kubernetes', path: file });
});
