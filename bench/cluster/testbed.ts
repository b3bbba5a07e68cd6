import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const state = join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'konverge/testbed');

/** The cluster that `npm run testbed -- up` makes; the benches say so if it is not there. */
export const testbed = {
  kubeconfig: join(state, 'kubeconfig'),
  auditLog: join(state, 'audit.log'),
  image: 'docker.io/konverge/apps:dev',
  agentImage: 'docker.io/konverge/agent:dev',
  peerImage: 'docker.io/konverge/peer:dev',
  snakemakeImage: 'docker.io/konverge/snakemake:dev',
  namespace: 'default',
  queue: 'main',
  bucket: 'testbed',
  store: {
    kind: 's3',
    endpointUrl: 'http://10.88.0.1:7070',
    region: 'us-east-1',
    pathStyle: true,
    credentials: { accessKeyId: 'testbed', secretAccessKey: 'testbedsecret' },
  },
} as const;

export function requireTestbed(): void {
  try {
    readFileSync(testbed.kubeconfig);
  } catch {
    throw new Error('there is no testbed: run `npm run testbed -- up` first');
  }
}

/** `konverge.yaml` of a run on it. */
export function testbedConfiguration(queue: string = testbed.queue): string {
  return JSON.stringify({
    engine: 'kubernetes',
    queue,
    namespace: testbed.namespace,
    kubernetes: { kubeconfig: testbed.kubeconfig },
    images: { default: testbed.image, agent: testbed.agentImage, snakemake: testbed.snakemakeImage },
  });
}
