import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { agentEntry } from '../../../src/daemon/agent-entry.ts';
import type { ObjectLocation, S3Settings } from '../../../src/domain/object-location.ts';
import type { StagedOutput, StagingPlan } from '../../../src/domain/staging.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { AgentClient } from '../../../src/staging/agent-client.ts';
import { openObjectStore } from '../../../src/storage/objects/registry.ts';
import { addresses, s3 } from '../../testbed/addresses.ts';
import type { Staged, StagingRig } from './staging-rig.ts';
import type { OnFinished, Place } from './subject.ts';

/** The testbed's bucket, for engines whose pods move the files: the same address is good for them and for the core. */
export async function bucketRig({ directory }: Place, onFinished: OnFinished): Promise<StagingRig> {
  const reached: S3Settings = {
    kind: 's3',
    endpointUrl: s3.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
    pathStyle: true,
  };
  const prefix = `conformance/${basename(directory)}/`;
  const at = (key: string, store = 'main'): ObjectLocation => ({ store, bucket: s3.bucket, key: `${prefix}${key}` });
  const empty: StagingPlan = { by: 'agent', area: at('.konverge'), inputs: [], outputs: [], logs: [], inner: [] };
  const silent = await silentServer(onFinished);
  const stateDir = join(directory, 'agent');
  mkdirSync(stateDir, { recursive: true });
  const staging = new AgentClient({ entry: agentEntry(), stateDir, logger: silentLogger });
  onFinished(() => staging.close());
  staging.configure({ stores: { main: reached, silent: { ...reached, endpointUrl: silent.url } }, environment: {} });
  const store = openObjectStore(reached);
  onFinished(async () => {
    for await (const { at: found } of store.list(at(''))) await store.remove(found);
    store.close();
  });
  const withPlan = (more: Partial<StagingPlan>): Staged => ({ staging: { ...empty, ...more } });
  const output = (at: ObjectLocation): StagedOutput => ({
    path: 'out/a',
    at,
    kind: 'file',
    touch: false,
    update: false,
  });
  return {
    staging,
    async plain() {
      await store.put(at('input'), Buffer.from('staged'));
      return withPlan({ inputs: [{ path: 'input', at: at('input') }] });
    },
    withoutInput: async () => withPlan({ inputs: [{ path: 'in/a', at: at('in/a') }] }),
    withOutput: async () => withPlan({ outputs: [output(at('out/a'))] }),
    async stuckIn(kind) {
      const never = at('out/a', 'silent');
      const staged = kind === 'stage' ? { inputs: [{ path: 'in/a', at: never }] } : { outputs: [output(never)] };
      return { staged: withPlan(staged), begun: silent.wasAsked };
    },
  };
}

/** Takes connections of pods, and never says a word. */
async function silentServer(
  onFinished: OnFinished,
): Promise<{ readonly url: string; readonly wasAsked: () => boolean }> {
  let asked = false;
  const server = createServer((socket) => {
    asked = true;
    socket.on('error', () => undefined);
    socket.resume();
    onFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, addresses.host, resolve));
  onFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  return { url: `http://${addresses.host}:${port}`, wasAsked: () => asked };
}
