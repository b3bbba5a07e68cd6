import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { buildStep } from '../../build-step.ts';
import { buildConfigMap } from '../../pod/build-config-map.ts';
import { redactedSecret } from '../../pod/build-secret.ts';
import { sampleContext, sampleMember, sampleOrder, sampleSettings, sampleStaging } from '../../pod/sample-orders.ts';
import { miniClusterPodSets } from './manifest.ts';
import { miniClusterSamples, sampleFluxOrder } from './samples.ts';
import { validateMiniCluster } from './validate.ts';

const surroundings = { settings: sampleSettings, context: sampleContext };

describe('the MiniCluster of a step', () => {
  test.each(Object.entries(miniClusterSamples))('%s', async (name, { order, settings }) => {
    const { object, pod } = buildStep(order, { ...sampleSettings, ...settings }, sampleContext);
    const text = [object, buildConfigMap(order, pod), redactedSecret(order, pod)]
      .map((document) => stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' }))
      .join('---\n');
    await expect(text).toMatchFileSnapshot(`golden/${name}.yaml`);
  });

  test('asks for what the step does, spread over its pods', () => {
    const order = sampleFluxOrder({ tasks: 5, nodes: 2 }, {}, { memoryBytes: { value: 4 * 2 ** 30, stated: true } });
    const [set, ...more] = miniClusterPodSets(buildStep(order, sampleSettings, sampleContext).object);
    expect([set?.name, set?.count, more.length]).toEqual(['main', 2, 0]);
    expect(set?.spec['containers']).toMatchObject([
      // Three tasks of five, less what the agent asks for.
      { resources: { requests: { cpu: '2990m', memory: '2Gi' }, limits: { memory: '2Gi' } } },
      { name: 'agent' },
    ]);
  });

  test('keeps what is secret out of the ConfigMap, and from the container that runs the step', () => {
    const order = sampleFluxOrder({}, { env: { TOKEN: 'hidden' }, staging: sampleStaging });
    const { object, pod } = buildStep(order, sampleSettings, sampleContext);
    expect(JSON.stringify([object, buildConfigMap(order, pod)])).not.toContain('hidden');
    const { containers } = object.spec as { containers: readonly { volumes: Record<string, object> }[] };
    const [runner, agent] = containers;
    expect(JSON.stringify(runner?.volumes)).not.toContain('secretName');
    expect(Object.values(agent?.volumes ?? {})).toContainEqual(
      expect.objectContaining({ secretName: pod.secretName, path: '/konverge-agent' }),
    );
  });

  test('has words that a shell without quotes takes as they are', () => {
    for (const { order, settings } of Object.values(miniClusterSamples)) {
      const { object } = buildStep(order, { ...sampleSettings, ...settings }, sampleContext);
      const [{ command } = { command: '' }] = (object.spec as { containers: readonly { command: string }[] })
        .containers;
      expect(command).toMatch(/^[\w./ -]+$/);
    }
  });
});

describe('a MiniCluster is refused', () => {
  const claim = { persistentVolumeClaim: { claimName: 'lab' } };
  const volume = {
    name: 'scratch',
    mountPath: '/scratch',
    readOnly: false,
    source: { nfs: { server: 'a', path: '/' } },
  };
  test.each([
    [
      'for services',
      sampleFluxOrder({}, { services: [{ name: 'db' } as never] }),
      {},
      /has the pods of its Flux instance/,
    ],
    ['for gates', sampleFluxOrder({}, { gates: ['lab/budget'] }), {}, /no admission gates/],
    ['for a volume', sampleFluxOrder(), { volumes: [volume] }, /no other volumes: scratch/],
    ['for a patch', sampleFluxOrder({}, { pod: { hostNetwork: true } }), {}, /count: hostNetwork/],
    [
      'for a directory that it cannot pass',
      sampleFluxOrder({}, { cwd: '/data/my run', inputs: [{ name: 'a' } as never] }),
      { volumes: [{ ...volume, mountPath: '/data', source: claim }] },
      /\/data\/my run has characters/,
    ],
    [
      'for fewer tasks than nodes',
      sampleFluxOrder({ tasks: 2, nodes: 3 }),
      {},
      /tasks=2 cannot be spread over nodes=3/,
    ],
    [
      'for Snakemake in its pods',
      sampleFluxOrder(
        {},
        {
          staging: sampleStaging,
          execution: { mode: 'fallback', command: 'snakemake', reasons: ['a run: block'] } as never,
        },
      ),
      {},
      /has its files in that pod alone \(a run: block\)/,
    ],
    [
      'for a group on several nodes',
      sampleFluxOrder(
        {},
        { staging: sampleStaging, execution: { mode: 'group', levels: [[sampleMember('a', 'mpirun -n 4 a')]] } },
      ),
      {},
      /^rule simulate: .*in the first pod alone; take the MPI rule out of its group, or set nodes=1$/,
    ],
  ])('%s', (_why, order, settings, message) => {
    const refusal = validateMiniCluster(order, { ...surroundings, settings: { ...sampleSettings, ...settings } });
    expect(refusal?.message).toMatch(message);
    expect(refusal?.message).toMatch(/^rule simulate: /);
  });

  test('for tasks that no node could ever hold', () => {
    const context = { ...sampleContext, nodeCores: 2 };
    const order = sampleFluxOrder({ tasks: 16, nodes: 2 });
    expect(validateMiniCluster(order, { settings: sampleSettings, context })).toMatchObject({
      code: 'resource-invalid',
      message: expect.stringMatching(/8 tasks on each node need 8 cores, and the largest node has 2/),
    });
    expect(validateMiniCluster(order, surroundings)).toBeUndefined();
  });

  test('not for a step that says nothing of MPI', () => {
    expect(validateMiniCluster({ ...sampleOrder(), kind: 'minicluster' }, surroundings)).toBeUndefined();
  });
});
