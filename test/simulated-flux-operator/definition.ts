import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Schema } from './schema.ts';

interface Definition {
  readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: Schema } }] };
}

/** Of the kind MiniCluster, for tests of manifests without a cluster. */
export function miniClusterSchema(): Schema {
  const text = readFileSync(path.join(import.meta.dirname, 'minicluster-crd.yaml'), 'utf8');
  return (parse(text) as Definition).spec.versions[0].schema.openAPIV3Schema;
}
