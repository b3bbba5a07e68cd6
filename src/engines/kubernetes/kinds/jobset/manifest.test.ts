import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { buildStep } from '../../build-step.ts';
import { redactedSecret } from '../../pod/build-secret.ts';
import { sampleContext, sampleSettings } from '../../pod/sample-orders.ts';
import { jobSetPodSets } from './manifest.ts';
import { longestPodName, memberName } from './members.ts';
import { jobSetSamples, sampleService } from './samples.ts';
import { validateJobSet } from './validate.ts';

const surroundings = { settings: sampleSettings, context: sampleContext };

describe('the JobSet of a step', () => {
  test.each(Object.entries(jobSetSamples))('%s', async (name, { order, settings }) => {
    const { object, pod } = buildStep(order, { ...sampleSettings, ...settings }, sampleContext);
    const text = [object, redactedSecret(order, pod)]
      .map((document) => stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' }))
      .join('---\n');
    await expect(text.replace(/\(\d+ bytes: konverge's wrapper\)/, "(konverge's wrapper)")).toMatchFileSnapshot(
      `golden/${name}.yaml`,
    );
  });

  test('asks for no memory that nobody stated where the queue has none', () => {
    const { order } = jobSetSamples['one-service'] ?? { order: undefined };
    if (order === undefined) throw new Error('no such sample');
    const context = { ...sampleContext, capacity: { covered: ['cpu'] } };
    const [service] = jobSetPodSets(buildStep(order, sampleSettings, context).object);
    const containers = service?.spec['containers'] as readonly { readonly resources: object }[];
    expect(containers.map(({ resources }) => resources)).toEqual([{ requests: { cpu: '100m' } }]);
  });
});

test('a member has the name of its service where it can', () => {
  expect(memberName({ name: 'db' })).toBe('db');
  expect(memberName({ name: 'key-store-1' })).toBe('key-store-1');
  expect(memberName({ name: 'key-store-12' })).toMatch(/^key-s-[0-9a-f]{5}$/);
  expect(memberName({ name: 'key-store-12' })).not.toBe(memberName({ name: 'key-store-13' }));
  expect(memberName({ name: 'step' })).toMatch(/^step-[0-9a-f]{5}$/);
  expect(longestPodName('n'.repeat(38), 'm'.repeat(11), 1000)).toHaveLength(62);
});

test('what cannot be a JobSet is said in words of the rule', () => {
  const { order } = jobSetSamples['one-service'] ?? {};
  if (order === undefined) throw new Error('no such sample');
  const said = (spec: object): string | undefined =>
    validateJobSet({ ...order, spec: { ...order.spec, ...spec } }, surroundings)?.message;
  const services = (count: number) =>
    Array.from({ length: count }, (_none, index) => sampleService({ name: `s${index}` }));
  expect(said({})).toBeUndefined();
  expect(said({ services: services(17) })).toBeUndefined();
  expect(said({ services: services(18) })).toMatch(/^rule load: .*at most 18 .*; it has 18 services$/);
  const many = { rule: 'r'.repeat(50), services: [sampleService({ name: 'eleven-long', replicas: 20_000 })] };
  expect(said(many)).toMatch(/63 characters.*service eleven-long has 20000$/);
  const mpi = { command: 'mpirun', tasks: 4, nodes: 2 };
  expect(said({ resources: { ...order.spec.resources, mpi } })).toMatch(/one pod for the application.*asks for 2$/);
});
