import { describe, expect, test } from 'vitest';
import { KonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings, StepVolume } from '../../../domain/kubernetes-settings.ts';
import type { StepSpec } from '../../../domain/step.ts';
import { buildPodJob } from './build-pod-job.ts';
import { buildStepPod } from './build-step-pod.ts';
import { explainPod } from './explain-pod.ts';
import { sampleContext, sampleOrder, sampleSettings, sampleStaging } from './sample-orders.ts';
import { checkSecretSize, stepData } from './secret-data.ts';
import { directoryRefusal } from './workplace.ts';

function settings(changes: Partial<KubernetesSettings> = {}): KubernetesSettings {
  return { ...sampleSettings, ...changes };
}

function refusalOf(...of: Parameters<typeof buildStepPod>): KonvergeError | undefined {
  try {
    const [{ spec }] = of;
    checkSecretSize(spec, stepData(spec, buildStepPod(...of).additions));
    return undefined;
  } catch (error) {
    if (error instanceof KonvergeError) return error;
    throw error;
  }
}

function refusal(spec: Partial<StepSpec>, changes: Partial<KubernetesSettings> = {}) {
  return refusalOf(sampleOrder(spec), settings(changes), sampleContext);
}

function container(pod: ReturnType<typeof buildStepPod>, list: 'containers' | 'initContainers') {
  return (pod.template.spec[list] as readonly Record<string, unknown>[])[0] ?? {};
}

const data: StepVolume = { name: 'data', mountPath: '/data', readOnly: false, source: { emptyDir: {} } };
const { defaultImage: _default, ...withoutDefault } = sampleSettings;
const { snakemakeImage: _snakemake, ...withoutImages } = withoutDefault;
const fallback = { mode: 'fallback', command: 'snakemake', reasons: ['it has a script'], digest: 'd' } as const;

describe('the pod of a step', () => {
  test('is the same for the same order', () => {
    const order = sampleOrder({ pod: { nodeSelector: { zone: 'a' } } });
    expect(buildStepPod(order, settings(), sampleContext)).toEqual(buildStepPod(order, settings(), sampleContext));
  });

  test.each([
    [{ value: 90_500, stated: true }, 91],
    [{ value: 1, stated: true }, 1],
    [{ value: 90_000, stated: false }, undefined],
  ])('with a runtime of %j has a deadline of %s s', (runtimeMs, expected) => {
    const order = sampleOrder({ resources: { cpuMillis: 1000, custom: {}, runtimeMs } });
    expect(buildStepPod(order, settings(), sampleContext).deadlineSeconds).toBe(expected);
  });

  test("takes the rule's word on priority and security before that of all", () => {
    const all = settings({ priorityClass: 'low', security: 'baseline' });
    const own = buildStepPod(sampleOrder({ priorityClass: 'high', security: 'restricted' }), all, sampleContext);
    expect(own.priorityClass).toBe('high');
    expect(own.template.spec['securityContext']).toMatchObject({ runAsNonRoot: true });
    expect(buildStepPod(sampleOrder(), all, sampleContext).priorityClass).toBe('low');
  });

  test('gives the agent volumes only if it has files in them', () => {
    const mounts = (spec: Partial<StepSpec>) =>
      container(buildStepPod(sampleOrder(spec), settings({ volumes: [data] }), sampleContext), 'initContainers')[
        'volumeMounts'
      ];
    const area = { store: 'driver', bucket: '', key: '/data/run' };
    expect(mounts({ staging: sampleStaging })).toHaveLength(2);
    expect(mounts({ staging: { ...sampleStaging, area } })).toContainEqual({ name: 'data', mountPath: '/data' });
  });

  test('lets a volume of somebody else be /tmp', () => {
    const scratch = { ...data, name: 'scratch', mountPath: '/tmp' };
    const pod = buildStepPod(sampleOrder(), settings({ volumes: [scratch] }), sampleContext);
    const mounts = container(pod, 'containers')['volumeMounts'] as readonly { readonly mountPath: string }[];
    expect(mounts.filter(({ mountPath }) => mountPath === '/tmp')).toEqual([{ name: 'scratch', mountPath: '/tmp' }]);
    expect(JSON.stringify(pod)).not.toContain('konverge-tmp');
  });

  test('has no value of the environment in it', () => {
    const order = sampleOrder({ env: { TOKEN: 'hidden-value' } });
    expect(JSON.stringify(buildStepPod(order, settings(), sampleContext))).not.toContain('hidden-value');
  });
});

describe('where a step works', () => {
  const workdir = (spec: Partial<StepSpec>, volumes: readonly StepVolume[]) =>
    buildPodJob(sampleOrder(spec), settings({ volumes }), { stores: {}, environment: {} }).workdir;

  test.each([
    ['in its own directory if it is staged', { cwd: '/data/x', staging: sampleStaging }, '/konverge/work'],
    ['in place in a volume', { cwd: '/data/x' }, '/data/x'],
    ['in place at the root of a volume', { cwd: '/data', outputs: ['o'] }, '/data'],
    ['in its own directory if it has no files', { cwd: '/database' }, '/konverge/work'],
  ])('%s', (_where, spec, expected) => {
    expect(workdir(spec, [data])).toBe(expected);
  });

  test('is refused if nobody in the pod sees its files', () => {
    expect(refusal({ outputs: ['o'], cwd: '/database' }, { volumes: [data] })).toMatchObject({
      code: 'storage-needed',
      message: 'rule align: its files are in /database, which no volume of the pod contains',
    });
    expect(refusal({ outputs: ['o'], cwd: '/data' }, { volumes: [{ ...data, readOnly: true }] })).toMatchObject({
      code: 'storage-needed',
      message: 'rule align: its files are in /data, and volume data is read-only',
    });
  });

  test.each([
    ['/data/run', [data], undefined],
    [
      '/database',
      [data],
      'steps would work in /database, which no volume of the pod contains, and no storage is given',
    ],
    [
      '/data',
      [{ ...data, readOnly: true }],
      'steps would work in /data, and volume data is read-only, and no storage is given',
    ],
  ])('a run in %s is refused before it has steps if none of them would see it', (directory, volumes, message) => {
    const refused = directoryRefusal(directory, { volumes });
    expect([refused?.code, refused?.message]).toEqual([message && 'storage-needed', message]);
  });
});

describe('a pod is refused', () => {
  test.each(['/konverge', '/konverge/work', '/konverge-step', '/'])('with a volume at %s', (mountPath) => {
    expect(refusal({}, { volumes: [{ ...data, mountPath }] })).toMatchObject({ code: 'config-invalid' });
  });

  test('without an image', () => {
    expect(refusalOf(sampleOrder(), withoutDefault, sampleContext)).toMatchObject({ code: 'image-missing' });
    expect(refusalOf(sampleOrder({ container: 'a' }), withoutDefault, sampleContext)).toBeUndefined();
    expect(refusalOf(sampleOrder({ execution: fallback }), withoutDefault, sampleContext)).toBeUndefined();
    expect(refusalOf(sampleOrder({ execution: fallback, container: 'a' }), withoutImages, sampleContext)).toMatchObject(
      {
        code: 'image-missing',
        message: 'rule align: it runs through Snakemake in the pod (it has a script), and there is no image for that',
      },
    );
  });

  test('as root, unless its security is baseline', () => {
    const runAs = { uid: 0, gid: 0 };
    expect(refusal({}, { runAs })).toMatchObject({ code: 'config-invalid' });
    expect(refusal({ security: 'baseline' }, { runAs })).toBeUndefined();
  });

  test('with 5 MB of environment, and with more than a Secret holds', () => {
    expect(refusal({ env: { HUGE: 'x'.repeat(5e6) } })).toMatchObject({
      code: 'resource-invalid',
      message: 'rule align, environment: HUGE has 5000005 bytes, and one variable may have 131071',
    });
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`V${index}`, 'x'.repeat(1e5)]));
    const large = refusal({ env: many });
    expect(large).toMatchObject({ code: 'resource-invalid' });
    expect(large?.message).toMatch(
      /^rule align: what its pod has to be told takes \d+ bytes \(commands \d+, environment 5000\d+, list of files \d+\), and a Secret holds 1048576$/,
    );
    expect(refusal({ execution: { mode: 'direct', shell: 'sh', commands: ['x'.repeat(2 ** 20)] } })).toMatchObject({
      code: 'resource-invalid',
    });
    expect(refusal({ execution: { mode: 'direct', shell: 'sh', commands: ['x'.repeat(9e5)] } })).toBeUndefined();
  });

  test('with a patch that breaks it', () => {
    expect(refusal({ pod: { restartPolicy: 'Always' } })?.message).toBe(
      'rules.align.pod: restartPolicy: it has to stay Never',
    );
    expect(refusal({}, { pod: { containers: [{}] } })?.message).toBe('kubernetes.pod: containers[0]: it needs a name');
  });
});

test('explain says what the manifest does not', () => {
  const order = sampleOrder({ cwd: '/data/x', resources: { cpuMillis: 1000, custom: { licences: 1 } } });
  expect(explainPod(order, settings({ volumes: [data] }), sampleContext)).toEqual([
    'image: python:3.12-slim (images.default)',
    'directory: /data/x, in place in a volume',
    'licences: not requested, since it is no resource of Kubernetes (those are written domain/name)',
  ]);
  expect(explainPod(sampleOrder({ execution: fallback }), settings(), sampleContext)).toEqual([
    'image: konverge/snakemake:1 (it runs through Snakemake in the pod: images.snakemake)',
    'directory: /konverge/work, its own',
  ]);
});
