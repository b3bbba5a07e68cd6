import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { indexOf } from './broker-label.ts';
import { entrypointOf } from './entrypoint.ts';
import { jobOf } from './job.ts';
import type { MiniClusterSpec } from './minicluster.ts';
import { clusterOf, samples, settledOf } from './samples.ts';
import { clusterServiceOf, portServicesOf, servicePodOf } from './services.ts';
import { settle } from './settle.ts';

interface Job {
  readonly spec: {
    readonly backoffLimit: number;
    readonly template: { readonly spec: { readonly volumes: readonly Named[]; readonly containers: readonly Run[] } };
  };
}
interface Named {
  readonly name: string;
}
interface Run {
  readonly command?: readonly string[];
  readonly volumeMounts: readonly (Named & { readonly mountPath: string })[];
}

function job(spec: MiniClusterSpec): Job {
  return jobOf(settledOf(spec)) as unknown as Job;
}

describe('what a MiniCluster becomes', () => {
  test.each(Object.entries(samples))('%s', async (name, spec: MiniClusterSpec) => {
    const cluster = settledOf(spec);
    const services = (spec.services ?? []).length > 0 ? [servicePodOf(cluster)] : [];
    const objects = [
      entrypointOf(cluster, 'KEYS\n'),
      ...services,
      clusterServiceOf(cluster),
      jobOf(cluster),
      ...portServicesOf(cluster),
    ];
    const options = { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' } as const;
    const text = objects.map((object) => stringify(object, options)).join('---\n');
    await expect(text).toMatchFileSnapshot(`golden/${name}.yaml`);
  });

  test('no retries are a hundred', () => {
    expect(job({ ...samples.step, backoffLimit: 0 }).spec.backoffLimit).toBe(100);
    expect(job({ ...samples.step, backoffLimit: 1 }).spec.backoffLimit).toBe(1);
  });

  test('a ConfigMap with another key than its name is mounted under a name that no volume has', () => {
    const [runner] = samples.step.containers;
    const containers = [{ ...runner, volumes: { script: { configMapName: 'step-f', path: '/step' } } }];
    const { volumes, containers: made } = job({ ...samples.step, containers }).spec.template.spec;
    expect(volumes.map(({ name }) => name)).toContain('step-f');
    expect(volumes.map(({ name }) => name)).not.toContain('script');
    expect(made[0]?.volumeMounts).toContainEqual({ name: 'script', mountPath: '/step' });
  });

  test('volumes of a container are in all later ones', () => {
    const [first, second] = job(samples.step).spec.template.spec.containers;
    const mountsOf = (run: Run | undefined): string[] => run?.volumeMounts.map(({ name }) => name) ?? [];
    expect(mountsOf(first)).not.toContain('relay');
    expect(mountsOf(second)).toEqual([...mountsOf(first), 'relay']);
  });

  test('the command of a container that is not wrapped is ignored', () => {
    const [, , bare] = job(samples.everything).spec.template.spec.containers;
    expect(bare?.command).toBeUndefined();
  });
});

describe('what is wrong', () => {
  const [runner] = samples.least.containers;
  const side = { name: 'side', image: 'a' };
  test.each<[string, MiniClusterSpec, string]>([
    ['a size of 0', { size: 0, containers: [runner] }, 'size is 0'],
    ['negative retries', { backoffLimit: -1, containers: [runner] }, 'backoffLimit is negative'],
    ['less than its size', { size: 2, maxSize: 1, containers: [runner] }, 'maxSize is less than size'],
    ['nobody who runs Flux', { containers: [side, { ...side, name: 'b' }] }, 'not exactly one container runs Flux'],
    ['no name', { containers: [{ ...runner, runFlux: true }, { image: 'a' }] }, 'container 1 has no name'],
    [
      'two ways at once',
      { containers: [{ ...runner, launcher: true, batch: true }] },
      'container 0 is both launcher and batch',
    ],
    [
      'command and script',
      { containers: [{ ...runner, commands: { script: 'a' } }] },
      'container 0 has both a command and a script',
    ],
    [
      'a claim without a path',
      { containers: [{ ...runner, volumes: { v: { claimName: 'c' } } }] },
      'volume v has no path',
    ],
  ])('%s is a complaint', (_, spec, complaint) => {
    expect(settle(clusterOf(spec))).toEqual({ complaints: [complaint] });
  });
});

test.each([
  ['sample-0-x7k2p', '0'],
  ['sample-12-x7k2p', '12'],
  ['somebody-else', 'somebody'],
  ['another-sample-3-ab', 'another'],
])('the label of pod %s is %s', (pod, index) => {
  expect(indexOf(pod, 'sample')).toBe(index);
});
