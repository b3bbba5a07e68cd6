// What every kind has to keep to, with the samples of samples.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildStep } from '../build-step.ts';
import type { KubernetesObject } from '../client/object.ts';
import { podRequests } from '../kueue/pod-requests.ts';
import { annotationKeys, labelKeys } from '../labels.ts';
import { sampleContext, sampleSettings } from '../pod/sample-orders.ts';
import { kindList } from './registry.ts';
import { type KindSample, samplesOf } from './samples.ts';

const label = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

test('every kind has samples', () => {
  for (const { name } of kindList()) expect(Object.keys(samplesOf[name]).length, name).toBeGreaterThan(0);
});

describe.each(kindList().map((kind) => [kind.name, kind] as const))('%s', (name, kind) => {
  const table = Object.entries(samplesOf[name]);
  const build = ({ order, settings }: KindSample) =>
    buildStep(order, { ...sampleSettings, ...settings }, sampleContext);

  test('says what it cannot do', () => {
    for (const reason of Object.values(kind.limits)) expect(reason).toMatch(/^\S.*\w$/);
  });

  test.each(table)('%s: an object of its kind, suspended, in a queue, that says whose it is', (_sample, sample) => {
    const { object, pod } = build(sample);
    const { group, version, kind: type } = kind.resource;
    expect(object).toMatchObject({ apiVersion: group === '' ? version : `${group}/${version}`, kind: type });
    expect(object.metadata.name).toBe(pod.name);
    expect(object.metadata.name).toMatch(label);
    expect(object.metadata.name.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(object)).toContain(`"kueue.x-k8s.io/queue-name":"${pod.queue}"`);
    expect(object.metadata.annotations?.[annotationKeys.step]).toBe(sample.order.id);
    expect(object.metadata.labels?.[labelKeys.run]).toBe(sampleContext.run);
    expect(kind.status(object).end).toBeUndefined();
  });

  test.each(table)('%s: the same each time', (_sample, sample) => {
    expect(build(sample).object).toEqual(build(sample).object);
  });

  test.each(table)('%s: pods that Kueue can count, and that no other can take for its own', (_sample, sample) => {
    const podSets = kind.podSets(build(sample).object);
    expect(podSets.length).toBeGreaterThan(0);
    expect(podSets.length).toBeLessThanOrEqual(18);
    expect(new Set(podSets.map((set) => set.name)).size).toBe(podSets.length);
    for (const { name: set, count, spec } of podSets) {
      expect(set).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      expect(count).toBeGreaterThanOrEqual(1);
      expect(podRequests(spec)['cpu']).toBeGreaterThan(0);
    }
  });

  test('reads any status without a fault', () => {
    const condition = fc.record({
      type: fc.constantFrom('Complete', 'Completed', 'Succeeded', 'Failed', 'Suspended', 'Running', 'Other'),
      status: fc.constantFrom('True', 'False', 'Unknown'),
      reason: fc.string(),
      message: fc.string(),
    });
    const status = fc.option(fc.record({ conditions: fc.option(fc.array(condition), { nil: undefined }) }));
    fc.assert(
      fc.property(status, fc.boolean(), (told, suspend) => {
        const { group, version, kind: type } = kind.resource;
        const object: KubernetesObject = {
          apiVersion: `${group}/${version}`,
          kind: type,
          metadata: { name: 'x' },
          spec: { suspend, runPolicy: { suspend } },
          ...(told ? { status: told } : {}),
        };
        const { suspended, end } = kind.status(object);
        expect([true, false]).toContain(suspended);
        expect([undefined, 'complete', 'failed']).toContain(end?.kind);
      }),
    );
  });
});
