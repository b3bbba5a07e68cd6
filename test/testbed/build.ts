import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { findGo, goEnvironment } from '../../tools/setup/go.mjs';
import { makeOnce } from '../../tools/setup/make-once.mjs';
import { buildObjectStoreServer } from '../../tools/setup/object-store-server.mjs';
import { checkPrerequisites, type Python } from '../../tools/setup/prerequisites.mjs';
import { buildArguments, type GoModule, goModules } from './binaries.ts';
import { runCommand } from './command.ts';
import type { Manifest } from './operator-manifests.ts';
import type { Place } from './place.ts';
import type { Programs } from './programs.ts';

/** What was built: where the programs are, and the manifests of the operators. */
export interface Build extends Programs {
  readonly pause: string;
  /** As the operators ship them, for adaptManifests. */
  readonly manifests: Readonly<Record<OperatorName, string>>;
}

export const operatorNames = ['kueue', 'jobset', 'mpi-operator'] as const;
export type OperatorName = (typeof operatorNames)[number];

/**
 * Builds all that is not in the cache; says on stderr what it builds. A quarter of an hour with nothing there, on two CPUs.
 * @throws {Stop} if there is no Go, or a build fails
 */
export async function buildAll({ cache }: Place): Promise<Build> {
  const python = await checkPrerequisites();
  const folders = new Map<string, string>();
  for (const module of goModules) folders.set(module.folder, await buildModule(cache, module, python));
  const folderOf = (module: string): string => folders.get(module) ?? '';
  const kubectl = path.join(folderOf('kubernetes'), 'kubectl');
  const manifests = await collectManifests(folderOf('operators'), kubectl, python);
  const stages = path.join(manifests, 'kwok');
  const versitygw = await buildObjectStoreServer();

  const byName = new Map(
    goModules.flatMap(({ folder, binaries }) =>
      Object.keys(binaries).map((name) => [name, path.join(folderOf(folder), name)] as const),
    ),
  );
  byName.set('versitygw', versitygw);
  return {
    of(name) {
      const file = byName.get(name);
      if (file === undefined) throw new Error(`no binary ${name}`);
      return file;
    },
    pause: byName.get('pause') ?? '',
    fluxOperator: await fluxOperatorSources(),
    kwokStages: (await readdir(stages)).toSorted().map((file) => path.join(stages, file)),
    manifests: Object.fromEntries(
      operatorNames.map((name) => [name, path.join(manifests, `${name}.json`)]),
    ) as Build['manifests'],
  };
}

const sources = path.join(import.meta.dirname, 'go');

async function fluxOperatorSources(): Promise<Programs['fluxOperator']> {
  const folder = path.join(import.meta.dirname, '../simulated-flux-operator');
  const names = (await readdir(folder, { recursive: true })).filter((name) => /(?<!\.test)\.ts$/.test(name));
  const texts = names.toSorted().map((name) => readFile(path.join(folder, name), 'utf8'));
  return { main: path.join(folder, 'main.ts'), digest: hash(await Promise.all(texts)) };
}

async function buildModule(cache: string, module: GoModule, python: Python): Promise<string> {
  const source = path.join(sources, module.folder);
  const texts: string[] = [];
  for (const name of (await readdir(source)).toSorted())
    texts.push(name, await readFile(path.join(source, name), 'utf8'));
  const key = hash([module, texts]);
  const folder = path.join(cache, 'bin', `${module.folder}-${key}`);
  const marker = path.join(folder, '.complete');
  if ((await readText(marker)) === key) return folder;

  const go = await findGo(await readFile(path.join(source, 'go.mod'), 'utf8'), python);
  const environment = Object.entries(goEnvironment).map(([name, value]) => `${name}=${value}`);
  const build = ['env', ...environment, go, '-C', source, ...buildArguments(module, folder)];
  await makeOnce(
    {
      what: `${Object.keys(module.binaries).join(', ')} into ${folder}`,
      lock: `${folder}.lock`,
      marker,
      content: key,
      commands: [['rm', '-rf', folder], ['mkdir', '-p', folder], build],
    },
    python.executable,
  );
  return folder;
}

/**
 * The manifests of the operators out of their modules, as JSON. They lie beside the binaries, since a machine that was given
 * only those may have no module cache.
 */
async function collectManifests(operators: string, kubectl: string, python: Python): Promise<string> {
  const folder = path.join(operators, 'manifests');
  const marker = path.join(folder, '.complete');
  if (existsSync(marker)) return folder;
  const source = path.join(sources, 'operators');
  const go = await findGo(await readFile(path.join(source, 'go.mod'), 'utf8'), python);
  const folderOf = async (name: string): Promise<string> => {
    const argv = [go, '-C', source, 'list', '-m', '-f', '{{.Dir}}', name];
    return (await runCommand(argv, { env: { ...process.env, ...goEnvironment } })).trim();
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'kwok'), { recursive: true });
  const write = (name: OperatorName, text: string): Promise<void> =>
    writeFile(path.join(folder, `${name}.json`), JSON.stringify(parseManifests(text)));

  for (const name of ['kueue', 'jobset'] as const) {
    // kustomize wants to write beside its input, and the module cache is read-only.
    const copy = path.join(folder, `.${name}`);
    await cp(path.join(await folderOf(`sigs.k8s.io/${name}`), 'config'), copy, { recursive: true });
    await runCommand(['chmod', '-R', 'u+w', copy]);
    await write(name, await runCommand([kubectl, 'kustomize', path.join(copy, 'default')]));
    await rm(copy, { recursive: true });
  }
  await write('mpi-operator', await mpiManifests(await folderOf('github.com/kubeflow/mpi-operator')));
  const kwok = path.join(await folderOf('sigs.k8s.io/kwok'), 'kustomize/stage');
  for (const part of ['node/fast', 'node/heartbeat-with-lease', 'pod/fast']) {
    const files = (await readdir(path.join(kwok, part))).filter((name) => /^(node|pod)-.*\.yaml$/.test(name));
    for (const file of files) {
      const target = path.join(folder, 'kwok', `${part.replace('/', '-')}-${file}`);
      await writeFile(target, await readFile(path.join(kwok, part, file)));
    }
  }
  await writeFile(marker, '');
  return folder;
}

/** Its kustomization sets the namespace; the files alone do not name it. */
async function mpiManifests(module: string): Promise<string> {
  const names = ['kubeflow.org_mpijobs', 'cluster-role', 'service-account', 'cluster-role-binding'];
  const files = names.map((name) => readFile(path.join(module, 'manifests/base', `${name}.yaml`), 'utf8'));
  const [definition = '', role = '', account = '', binding = ''] = await Promise.all(files);
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: mpi-operator}\n';
  const inNamespace = (text: string, line: RegExp): string => text.replace(line, '$&\n  namespace: mpi-operator');
  return [
    namespace,
    definition,
    role,
    inNamespace(account, /^ {2}name: mpi-operator$/m),
    inNamespace(binding, /^- kind: ServiceAccount$/m),
  ].join('\n---\n');
}

function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

async function readText(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}
