import { describe, expect, test } from 'vitest';
import { miniClusterSchema } from './definition.ts';
import type { MiniClusterSpec } from './minicluster.ts';
import { clusterOf, samples } from './samples.ts';
import { faultsOf, type Schema } from './schema.ts';

const schema = miniClusterSchema();

describe('the definition of the kind', () => {
  test.each(Object.entries(samples))('takes the sample %s', (_, spec: MiniClusterSpec) => {
    expect(faultsOf(schema, clusterOf(spec))).toEqual([]);
  });

  test('names what it does not take', () => {
    const spec = { containers: [{ image: 1, comand: 'a', resources: { limits: { cpu: 'much' } } }], size: '2' };
    expect(faultsOf(schema, { apiVersion: 'v', kind: 'K', metadata: { name: 'n' }, spec })).toEqual([
      '/spec/containers[0]/image: is not a text',
      '/spec/containers[0]/comand: is not known',
      '/spec/containers[0]/resources/limits/cpu: is no amount',
      '/spec/size: is not a whole number',
    ]);
    expect(faultsOf(schema, { spec: {} })).toEqual(['/spec/containers: is missing']);
  });

  test('fills in defaults where the parent is there', () => {
    const { spec } = clusterOf({ containers: [{ command: 'a' }], flux: {}, logging: {} });
    expect(spec).toMatchObject({ size: 1, tasks: 1, deadlineSeconds: 31_500_000, interactive: false, cleanup: false });
    expect(spec.flux).toEqual({ connectTimeout: '5s', logLevel: 6 });
    expect(spec.logging).toMatchObject({ strict: false, quiet: false });
    expect(spec.containers[0]).toMatchObject({ image: 'ghcr.io/rse-ops/accounting:app-latest', pullAlways: false });
    expect(clusterOf({ containers: [] }).spec.flux).toBeUndefined();
  });

  test('is structural: every node has a type, or is an amount', () => {
    const untyped = (of: Schema, path: string): string[] => [
      ...(of.type === undefined && !of['x-kubernetes-int-or-string'] ? [path] : []),
      ...Object.entries(of.properties ?? {}).flatMap(([name, property]) => untyped(property, `${path}/${name}`)),
      ...(of.additionalProperties ? untyped(of.additionalProperties, `${path}/*`) : []),
      ...(of.items ? untyped(of.items, `${path}[]`) : []),
    ];
    expect(untyped(schema, '')).toEqual([]);
  });
});
