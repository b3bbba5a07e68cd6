import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { buildStep } from '../../build-step.ts';
import { redactedSecret } from '../../pod/build-secret.ts';
import { sampleContext, sampleMember, sampleMpiOrder, sampleSettings, sampleStaging } from '../../pod/sample-orders.ts';
import { mpiJobAdditions } from './additions.ts';
import { mpiFiles } from './environment.ts';
import { mpiJobPodSets } from './manifest.ts';
import { mpiJobSamples } from './samples.ts';
import { validateMpiJob } from './validate.ts';

const surroundings = { settings: sampleSettings, context: sampleContext };

describe('the MPIJob of a step', () => {
  test.each(Object.entries(mpiJobSamples))('%s', async (name, { order, settings }) => {
    const { object, pod } = buildStep(order, { ...sampleSettings, ...settings }, sampleContext);
    const text = [object, redactedSecret(order, pod)]
      .map((document) => stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' }))
      .join('---\n');
    await expect(text.replaceAll(/\(\d+ bytes: /g, '(')).toMatchFileSnapshot(`golden/${name}.yaml`);
  });

  test('asks for what the step does, spread over its pods', () => {
    const order = sampleMpiOrder({ tasks: 6, nodes: 3 }, {}, { memoryBytes: { value: 3 * 2 ** 30, stated: true } });
    const sets = mpiJobPodSets(buildStep(order, sampleSettings, sampleContext).object);
    expect(sets.map(({ name, count }) => [name, count])).toEqual([
      ['launcher', 1],
      ['worker', 2],
    ]);
    for (const { spec } of sets) {
      const [step] = spec['containers'] as readonly { readonly name: string; readonly resources: object }[];
      expect(step).toMatchObject({
        name: 'step',
        resources: { requests: { cpu: '1990m', memory: '1Gi' }, limits: { memory: '1Gi' } },
      });
    }
  });

  test('has the step first among the containers, which is the one that the operator changes', () => {
    for (const { order } of Object.values(mpiJobSamples)) {
      const sets = mpiJobPodSets(buildStep(order, sampleSettings, sampleContext).object);
      for (const { spec } of sets) expect(spec['containers']).toMatchObject([{ name: 'step' }]);
    }
  });

  test('tells each launcher of MPI its hosts, the own one first', () => {
    const { files } = mpiJobAdditions(sampleMpiOrder({ tasks: 6, nodes: 3 }), surroundings);
    const name = 'simulate-[0-9a-f]{16}-a1-g1';
    const worker = (index: number): string => `${name}-worker-${index}\\.${name}\\.team-a\\.svc`;
    expect(files[mpiFiles.openMpiHosts]).toMatch(
      new RegExp(`^${name}-launcher slots=2\n${worker(0)} slots=2\n${worker(1)} slots=2\n$`),
    );
    expect(files[mpiFiles.hydraHosts]).toMatch(new RegExp(`^${name}-launcher:2\n${worker(0)}:2\n${worker(1)}:2\n$`));
    expect(files[mpiFiles.workers]).toMatch(new RegExp(`^${worker(0)}\n${worker(1)}\n$`));
  });

  test('lists the outputs that another pod may have', () => {
    const at = { store: 's3', bucket: 'lab', key: 'x' };
    const output = { at, kind: 'file', touch: false, update: false } as const;
    const outputs = [
      { ...output, path: 'a' },
      { ...output, path: 'touched', touch: true },
      { ...output, path: 'updated', update: true },
      { ...output, path: 'many', kind: 'directory' } as const,
    ];
    const staging = { ...sampleStaging, outputs, logs: [{ path: 'log', at }] };
    expect(mpiJobAdditions(sampleMpiOrder({}, { staging }), surroundings).files[mpiFiles.outputs]).toBe(
      'a\nmany\nlog\n',
    );
    expect(mpiJobAdditions(sampleMpiOrder(), surroundings).files[mpiFiles.outputs]).toBe('');
  });
});

test('what cannot be an MPIJob', () => {
  const service = {
    name: 'db',
    command: ['db'],
    port: 1,
    ready: { kind: 'tcp' },
    replicas: 1,
    startTimeoutMs: 1,
  } as const;
  const refused = (...words: Parameters<typeof sampleMpiOrder>): string | undefined =>
    validateMpiJob(sampleMpiOrder(...words), surroundings)?.message;
  for (const { order } of Object.values(mpiJobSamples)) expect(validateMpiJob(order, surroundings)).toBeUndefined();
  expect(refused({}, { services: [service] })).toContain('a JobSet has');
  expect(refused({}, { resources: { cpuMillis: 1000, custom: {} } })).toContain('it has no resources mpi and tasks');
  const group = { mode: 'group', levels: [[sampleMember('a', 'mpirun -n 4 a')]] } as const;
  expect(refused({}, { execution: group, staging: sampleStaging })).toBe(
    'rule simulate: it cannot be an MPIJob: members of a group that share no volume have their files in the first pod alone; take the MPI rule out of its group, or set nodes=1',
  );
  expect(refused({}, { execution: group })).toBeUndefined();
  expect(refused({ nodes: 1 }, { execution: group, staging: sampleStaging })).toBeUndefined();
  const execution = { mode: 'fallback', command: 'snakemake', reasons: ['it has run:'], digest: '' } as const;
  expect(refused({}, { execution, staging: sampleStaging })).toContain('(it has run:)');
  expect(refused({ nodes: 1 }, { execution, staging: sampleStaging })).toBeUndefined();
});
