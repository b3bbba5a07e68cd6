// `npm run testbed -- up`: a real cluster of one node on this machine. docs/guides/testbed.md
import { referenceOf } from '../../images/recipe.ts';
import { recipes } from '../../images/registry.ts';
import { runMain, Stop } from '../../tools/setup/stop.mjs';
import { s3 } from './addresses.ts';
import { buildAll } from './build.ts';
import { type Cluster, openCluster } from './cluster.ts';
import type { DaemonName } from './daemon.ts';
import { down } from './down.ts';
import { exportImage, makeLayers } from './images/import.ts';
import { layersOf } from './images/layer.ts';
import { leftovers } from './leftovers.ts';
import { checkMachine, checkRoom, installPackages } from './machine.ts';
import { type Command, parseCommand } from './options.ts';
import { livingDaemons, lockMachine } from './owner.ts';
import { placeOf } from './place.ts';
import { statusOf } from './status.ts';
import type { TaskTime } from './task.ts';
import { imagesOf, up } from './up.ts';

const say = (line: string): void => void process.stderr.write(`testbed: ${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

await runMain(async () => {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === 'status') return showStatus();
  if (command.kind === 'namespace') return makeNamespaces(command.names);
  checkMachine();
  const release = await lockMachine(say);
  try {
    await carryOut(command);
  } finally {
    release();
  }
  return 0;
});

async function carryOut(command: Exclude<Command, { kind: 'status' | 'namespace' }>): Promise<void> {
  const begin = performance.now();
  const place = placeOf(process.env);
  switch (command.kind) {
    case 'build': {
      await prepare();
      const { pause } = await buildAll(place);
      const maker = await layersOf(place, pause, say);
      const chosen = command.images === undefined ? recipes : imagesOf({ images: command.images });
      for (const recipe of chosen) await makeLayers(recipe, maker);
      break;
    }
    case 'up': {
      await prepare();
      const cluster = await openCluster(process.env, command.options);
      showTimes(await up(cluster, say));
      showUse(cluster);
      break;
    }
    case 'down':
      await down(place, command.purge);
      break;
    case 'start':
    case 'stop':
    case 'restart':
      await control(command);
      break;
    case 'image': {
      await prepare();
      const recipe = recipes.find(({ name }) => name === command.name);
      if (recipe === undefined) {
        throw new Stop(`no image ${command.name}; there are ${recipes.map(({ name }) => name).join(', ')}`);
      }
      const { pause } = await buildAll(place);
      await exportImage(recipe, await layersOf(place, pause, say), command.file);
      break;
    }
  }
  say(`${command.kind} took ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}

async function prepare(): Promise<void> {
  await installPackages(say);
  await checkRoom(placeOf(process.env));
}

async function control({ kind, names }: Command & { kind: 'start' | 'stop' | 'restart' }): Promise<void> {
  const cluster = await openCluster();
  const known = new Set<string>(cluster.daemons.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Stop(`no daemon ${unknown.join(', ')}; there are ${[...known].join(', ')}`);
  for (const name of names as readonly DaemonName[]) {
    if (kind !== 'start') await cluster.stop(name);
    if (kind !== 'stop') await cluster.start(name);
  }
}

async function makeNamespaces(names: readonly string[]): Promise<number> {
  const cluster = await openCluster();
  for (const name of names) await cluster.makeNamespace(name);
  return 0;
}

async function showStatus(): Promise<number> {
  const place = placeOf(process.env);
  if (livingDaemons(place.daemons).length === 0) {
    const left = await leftovers(place);
    print(left.length === 0 ? 'no cluster runs' : `no cluster runs, but these are left: ${left.join(', ')}`);
    return 1;
  }
  const cluster = await openCluster();
  const states = await statusOf(cluster);
  for (const { name, pid, fault } of states)
    print(`${name.padEnd(26)}${String(pid ?? '-').padEnd(9)}${fault ?? 'ready'}`);
  const good = states.every(({ fault }) => fault === null);
  if (good) showUse(cluster);
  return good ? 0 : 1;
}

function showTimes(times: readonly TaskTime[]): void {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(6)} s`;
  print(`${'part'.padEnd(26)}    took   done at`);
  for (const { name, beginMs, endMs } of times) {
    print(`${name.padEnd(26)}${seconds(endMs - beginMs)}  ${seconds(endMs)}`);
  }
}

function showUse({ kubeconfig, place, options, build }: Cluster): void {
  print(`
export KUBECONFIG=${kubeconfig}
kubectl    ${build.of('kubectl')}
queues     main, small, fake, stopped, no-memory, zero-memory, no-flavor, orphan, held in the namespace default
           (npm run testbed -- namespace NAME makes another one)
S3         ${s3.endpoint}, keys ${s3.accessKey} and ${s3.secretKey}, path style, bucket ${s3.bucket}; the same from pods
images     ${imagesOf(options)
    .map(({ name }) => referenceOf(name))
    .join(' ')}
logs       ${place.logs}${options.audit ? `\naudit log  ${place.auditLog}` : ''}`);
}
