import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { runCommand, tryCommand } from './command.ts';
import type { Place } from './place.ts';
import type { Programs } from './programs.ts';

/** The administrator's hand. */
export interface Kubectl {
  run(...words: string[]): Promise<string>;
  /** null if it went well, else the words on stderr. */
  faultOf(...words: string[]): Promise<string | null>;
  /** @param text  YAML or JSON; what another one has set is taken over */
  apply(text: string, namespace?: string): Promise<void>;
  /** With their status, which `apply` would leave out. */
  create(text: string): Promise<void>;
}

export function kubectlOf(place: Place, programs: Programs): Kubectl {
  const argv = [programs.of('kubectl'), `--kubeconfig=${place.kubeconfig}`, `--cache-dir=${place.state}/kubectl`];
  return {
    run: (...words) => runCommand([...argv, ...words]),
    async faultOf(...words) {
      const { code, stderr } = await tryCommand([...argv, ...words], { timeoutMs: 10_000 });
      return code === 0 ? null : stderr.trim();
    },
    async apply(text, namespace) {
      const where = namespace === undefined ? [] : [`--namespace=${namespace}`];
      const how = ['apply', '--server-side', '--force-conflicts', '--filename=-'];
      await runCommand([...argv, ...how, ...where], { input: text });
    },
    async create(text) {
      await runCommand([...argv, 'create', '--filename=-'], { input: text });
    },
  };
}

/** The kind MiniCluster, and what its operator may do. Without the anchors of the text. */
export async function readMiniClusterManifests(): Promise<object[]> {
  const folder = path.join(import.meta.dirname, '../simulated-flux-operator');
  const texts = ['minicluster-crd', 'rights'].map((name) => readFile(path.join(folder, `${name}.yaml`), 'utf8'));
  return (await Promise.all(texts)).flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as object),
  );
}

export function readManifest(name: 'rights' | 'queues' | 'local-queues'): Promise<string> {
  return readFile(path.join(import.meta.dirname, 'manifests', `${name}.yaml`), 'utf8');
}
