// The driver of deploy/driver in the cluster: it works, is asked to go while a step runs, and its successor takes the step up.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { labelKeys } from '../../../src/engines/kubernetes/labels.ts';
import { root } from '../../../tools/docs/source-files.ts';
import { s3 } from '../../testbed/addresses.ts';
import { appsImage, clusterTest } from '../cluster.ts';
import { agentImage } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';
import { makeUser } from './user.ts';

const place = useEnginePlace('driver');

const driverImage = 'docker.io/konverge/snakemake:dev';
const snakefile = `
rule all:
    input: "gated.txt"
rule gated:
    output: "gated.txt"
    container: "docker://${appsImage}"
    resources: mem_mb=100
    shell: "echo x >> /gate/started; until [ -e /gate/open ]; do sleep 0.1; done; echo done > {output}"
`;

interface DriverJob extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly object[]; readonly volumes: readonly { readonly name: string }[] };
    };
  };
}

/** The Job of deploy/driver, with the image of the testbed and a directory of this machine, which is the node, for its volume. */
function driverJob(work: string): KubernetesObject {
  const job = parse(readFileSync(path.join(root, 'deploy/driver/job.yaml'), 'utf8')) as DriverJob;
  const { spec } = job.spec.template;
  const containers = spec.containers.map((container) => ({ ...container, image: driverImage }));
  const volumes = spec.volumes.map((volume) =>
    volume.name === 'work' ? { name: 'work', hostPath: { path: work } } : volume,
  );
  return { ...job, spec: { ...job.spec, template: { spec: { ...spec, containers, volumes } } } };
}

/** A directory that every user of the node can write to. */
function openDirectory(...words: readonly string[]): string {
  const directory = path.join(...words);
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  return directory;
}

clusterTest(
  'SIGTERM detaches, and the next driver takes up what runs',
  async () => {
    const { client, namespace } = place();
    await makeUser(place());
    const scratch = mkdtempSync(path.join(tmpdir(), 'konverge-driver-'));
    onTestFinished(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
    chmodSync(scratch, 0o755);
    const gate = openDirectory(scratch, 'gate');
    const files = {
      Snakefile: snakefile,
      'konverge.yaml': stringify({
        engine: 'kubernetes',
        images: { agent: agentImage },
        kubernetes: { volumes: [{ name: 'gate', mount_path: '/gate', hostPath: { path: gate } }] },
      }),
      'config.yaml': stringify({
        jobs: 10,
        'default-storage-provider': 's3',
        'default-storage-prefix': `s3://${s3.bucket}/${namespace}`,
        'storage-s3-endpoint-url': s3.endpoint,
      }),
    };
    await client.create(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'konverge-workflow' },
      data: files,
    });
    await client.create(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'konverge-storage' },
      stringData: {
        SNAKEMAKE_STORAGE_S3_ACCESS_KEY: s3.accessKey,
        SNAKEMAKE_STORAGE_S3_SECRET_KEY: s3.secretKey,
      },
    });
    const driver = driverJob(openDirectory(scratch, 'work'));
    await client.create(resources.jobs, driver);
    const { name } = driver.metadata;
    const pods = async (selector: string) => (await client.list(resources.pods, { labelSelector: selector })).items;
    const statusOf = async () => (await client.get(resources.jobs, name))?.status ?? {};
    const started = () => existsSync(path.join(gate, 'started'));
    await expect.poll(started, { timeout: 90_000 }).toBe(true);

    const [step] = await pods(labelKeys.step);
    await client.patch(resources.jobs, name, { spec: { suspend: true } });
    await expect.poll(() => pods(`job-name=${name}`), { timeout: 60_000 }).toEqual([]);
    expect((await pods(labelKeys.step)).map(({ metadata }) => metadata.uid)).toEqual([step?.metadata.uid]);

    await client.patch(resources.jobs, name, { spec: { suspend: false } });
    await expect.poll(async () => (await statusOf())['ready'], { timeout: 60_000 }).toBe(1);
    writeFileSync(path.join(gate, 'open'), '');
    await expect.poll(async () => (await statusOf())['succeeded'], { timeout: 90_000 }).toBe(1);
    expect(readFileSync(path.join(gate, 'started'), 'utf8')).toBe('x\n');
    const [last] = await pods(`job-name=${name}`);
    let log = '';
    for await (const chunk of client.logs(last?.metadata.name ?? '', { container: 'driver' })) {
      log += Buffer.from(chunk).toString('utf8');
    }
    expect(log).toContain('finished: 1 steps done');
  },
  300_000,
);
