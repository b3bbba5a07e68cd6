import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { redactedSecret } from '../../pod/build-secret.ts';
import { buildStepPod } from '../../pod/build-step-pod.ts';
import { sampleContext, sampleOrder, sampleSettings, samples } from '../../pod/sample-orders.ts';
import { jobKind } from './kind.ts';

const surroundings = { settings: sampleSettings, context: sampleContext };

describe('the Job of a step', () => {
  test.each(Object.entries(samples))('%s', async (name, { order, settings }) => {
    const pod = buildStepPod(order, { ...sampleSettings, ...settings }, sampleContext);
    const documents = [jobKind.manifest(order, pod, surroundings), redactedSecret(order, pod)];
    const text = documents
      .map((document) => stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' }))
      .join('---\n');
    await expect(text.replace(/\(\d+ bytes: konverge's wrapper\)/, "(konverge's wrapper)")).toMatchFileSnapshot(
      `golden/${name}.yaml`,
    );
  });

  test('cannot have services, nor several nodes', () => {
    const mpi = (nodes: number) => ({ cpuMillis: 1000, custom: {}, mpi: { command: 'mpirun', tasks: 4, nodes } });
    const service = {
      name: 'db',
      command: ['db'],
      port: 1,
      ready: { kind: 'tcp' },
      replicas: 1,
      startTimeoutMs: 1,
    } as const;
    expect(jobKind.validate(sampleOrder(), surroundings)).toBeUndefined();
    expect(jobKind.validate(sampleOrder({ resources: mpi(1) }), surroundings)).toBeUndefined();
    expect(jobKind.validate(sampleOrder({ resources: mpi(2) }), surroundings)).toMatchObject({
      code: 'operator-unfit',
    });
    expect(jobKind.validate(sampleOrder({ services: [service] }), surroundings)).toMatchObject({
      code: 'operator-unfit',
    });
  });
});
