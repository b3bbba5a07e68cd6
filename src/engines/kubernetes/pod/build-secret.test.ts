import { describe, expect, test } from 'vitest';
import { podWrapperScript } from '../../../domain/pod-wrapper.ts';
import type { KubernetesObject } from '../client/object.ts';
import { buildPodJob } from './build-pod-job.ts';
import { buildSecret, redactedSecret } from './build-secret.ts';
import { buildStepPod } from './build-step-pod.ts';
import { sampleContext, sampleOrder, sampleSettings, sampleStaging } from './sample-orders.ts';

const order = sampleOrder({
  env: { TOKEN: 'hidden-token' },
  staging: sampleStaging,
  outputs: ['s3://lab/run/out.txt'],
});
const pod = buildStepPod(order, sampleSettings, sampleContext);
const credentials = { accessKeyId: 'hidden-id', secretAccessKey: 'hidden-key' };
const job = buildPodJob(order, sampleSettings, {
  stores: { s3: { kind: 's3', credentials } },
  environment: { AWS_PROFILE: 'lab' },
});
const owner: KubernetesObject = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: pod.name, uid: 'u-1' } };

function decoded(secret: KubernetesObject): Record<string, string> {
  const data = secret['data'] as Readonly<Record<string, string>>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

describe('the Secret of a step', () => {
  test('goes with its object, and is never changed', () => {
    expect(buildSecret(order, pod, { job }, owner)).toMatchObject({
      kind: 'Secret',
      immutable: true,
      metadata: {
        name: pod.secretName,
        namespace: 'team-a',
        labels: pod.labels,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: pod.name, uid: 'u-1' }],
      },
    });
  });

  test('has the commands and the environment for the step, and the job for the agent', () => {
    const data = decoded(buildSecret(order, pod, { job, env: { EXTRA: 'e' } }, owner));
    expect(Object.keys(data).sort()).toEqual(['command-0', 'env.sh', 'job.json', 'wrapper.sh']);
    expect(data['wrapper.sh']).toBe(podWrapperScript);
    expect(data['env.sh']).toContain("export TOKEN='hidden-token'\n");
    expect(data['env.sh']).toContain("export EXTRA='e'\n");
    expect(JSON.parse(data['job.json'] ?? '')).toEqual(job);
  });

  test('has each key that the pod mounts, and credentials only in that of the agent', () => {
    const data = decoded(buildSecret(order, pod, { job }, owner));
    const volumes = pod.template.spec['volumes'] as readonly {
      readonly name: string;
      readonly secret?: { readonly items: readonly { readonly key: string }[] };
    }[];
    const keysOf = (name: string) =>
      volumes.find((volume) => volume.name === name)?.secret?.items.map(({ key }) => key) ?? [];
    expect([...keysOf('konverge-commands'), ...keysOf('konverge-agent-config')].sort()).toEqual(
      Object.keys(data).sort(),
    );
    for (const key of keysOf('konverge-commands')) expect(data[key]).not.toContain('hidden-key');
    expect(keysOf('konverge-agent-config')).toEqual(['job.json']);
  });

  test('is refused if it is too large after all', () => {
    const environment = { NO_PROXY: 'x'.repeat(2 ** 20) };
    expect(() => buildSecret(order, pod, { job: { ...job, environment } }, owner)).toThrow(
      'and a Secret holds 1048576',
    );
  });

  test('is shown without values', () => {
    const shown = JSON.stringify(redactedSecret(order, pod));
    expect(shown).toContain('sort -u in.txt');
    expect(shown).toContain('TOKEN');
    expect(shown).not.toContain('hidden');
  });
});
