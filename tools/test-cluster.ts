// What tools/test-cluster.mjs runs, as it is TypeScript that knows the testbed.
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { benchImages, optionalImages } from '../images/registry.ts';
import { openCluster } from '../test/testbed/cluster.ts';
import { checkMachine } from '../test/testbed/machine.ts';
import { livingDaemons } from '../test/testbed/owner.ts';
import { placeOf } from '../test/testbed/place.ts';
import { testEnvironment } from '../test/testbed/test-environment.ts';
import { againName, runFailedAgain } from './report/run-again.mjs';
import { isStrict, pytestSuite, runLanes, type Suite, vitestSuite } from './report/run-tests.mjs';
import { type RunnerResult, summarize } from './report/summary.mjs';
import { exampleRequirements } from './setup/example.mjs';
import { type Kit, prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain, Stop } from './setup/stop.mjs';

const vitestFolders = ['test/cluster', 'test/conformance/engine'];
const pytestFolders = ['test/cluster/workflows'];
/** What stops parts of the cluster: nothing else can be tested meanwhile. */
const faultsFolder = 'test/cluster/faults';
/** Most of a test's time the cluster takes, and that waits for periods of its own. */
const filesAtOnce = 2;
/** Of a file. */
const casesAtOnce = 4;
/** Those that every cluster has, and those of the tests of MPI. What only a measurement needs is not even made. */
const images = ['--images', optionalImages.filter((name) => !benchImages.includes(name)).join(',')] as const;
/** What ends itself when it loses its lease. */
const operators = ['kueue', 'jobset', 'mpi-operator', 'simulated-flux-operator'];
/** Of a machine that has no cluster and can have none: nothing was tested. */
const notPossible = 2;

await runMain(async () => {
  const { only, more } = readArguments(process.argv.slice(2));
  try {
    checkMachine();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`konverge: no cluster can be made here, so nothing was tested: ${error.message}`);
    return notPossible;
  }
  const kit = await prepareKit('test', await exampleRequirements());
  const times: string[] = [];
  const { results, lines: mended } = await onCluster(kit, times, async (env) => {
    const results = await runAll({ ...kit, env }, only, more);
    // For a person who runs some files the first word is enough.
    if (more.length > 0) return { results, lines: [] };
    // The tests of faults have killed what the others need.
    await testbed(kit, 'up', ...images);
    return keepOperators(kit, () => runFailedAgain(results, suiteAgain({ ...kit, env })));
  });
  const { lines, code } = summarize(results, isStrict());
  console.log(`\n${[`took: ${times.join(', ')}`, ...mended, ...lines].join('\n')}`);
  return code;
});

async function runAll(kit: Kit, only: string | null, more: readonly string[]): Promise<RunnerResult[]> {
  const vitest = (name: string, words: readonly string[]): Suite => vitestSuite(kit, `vitest ${name}`, [...words]);
  if (more.length > 0) {
    const suite = only === 'vitest' ? vitest('on a cluster', ['--no-file-parallelism', ...more]) : pytest(kit, more);
    return runLanes([suite]);
  }
  const vitestLane = vitest('on a cluster', [
    `--maxWorkers=${filesAtOnce}`,
    `--maxConcurrency=${casesAtOnce}`,
    `--exclude=${faultsFolder}/**`,
    ...vitestFolders,
  ]);
  const lanes = [only === 'pytest' ? [] : [vitestLane], only === 'vitest' ? [] : [pytest(kit, pytestFolders)]];
  const results = await keepOperators(kit, () => runLanes(...lanes.filter((suites) => suites.length > 0)));
  if (only === 'pytest') return results;
  return [
    ...results,
    ...(await runLanes([vitest('on a cluster with faults', ['--no-file-parallelism', faultsFolder])])),
  ];
}

/** By the name that a suite has: the files, one after another. */
function suiteAgain(kit: Kit): (result: RunnerResult, files: string[]) => Suite {
  return ({ runner }, files) =>
    runner.startsWith('pytest')
      ? pytestSuite(kit, `${runner} ${againName}`, files)
      : vitestSuite(kit, `${runner} ${againName}`, ['--no-file-parallelism', '--maxConcurrency=2', ...files]);
}

function pytest(kit: Kit, words: readonly string[]): Suite {
  return pytestSuite(kit, 'pytest on a cluster', [...words]);
}

/**
 * Does the work on a cluster that is brought up for it, and taken down again. One that runs already is somebody's: it stays.
 * @param times  what took how long, for people
 */
async function onCluster<T>(kit: Kit, times: string[], work: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const wasUp = livingDaemons(placeOf(process.env).daemons).length > 0;
  try {
    await timed(times, 'build', () => testbed(kit, 'build', ...images));
    await timed(times, 'start', () => testbed(kit, 'up', ...images));
    const env = { ...kit.env, ...testEnvironment(await openCluster(), kit.env['PATH']) };
    return await timed(times, 'tests', () => work(env));
  } finally {
    if (!wasUp) await timed(times, 'stop', () => testbed(kit, 'down'));
  }
}

/** As a kubelet would: an operator that has lost its lease ends itself, which happens where processors are short. */
async function keepOperators<T>(kit: Kit, work: () => Promise<T>): Promise<T> {
  const { daemons } = placeOf(process.env);
  const over = new AbortController();
  const keeper = (async () => {
    while (!over.signal.aborted) {
      const living = livingDaemons(daemons);
      for (const name of operators.filter((one) => !living.includes(one))) {
        console.error(`konverge: ${name} has ended, and is started again`);
        await testbed(kit, 'start', name).catch((error: unknown) => console.error(String(error)));
      }
      await pause(5000, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  try {
    return await work();
  } finally {
    over.abort();
    await keeper;
  }
}

async function testbed(
  kit: Kit,
  command: 'build' | 'up' | 'down' | 'start',
  ...options: readonly string[]
): Promise<void> {
  // Its standard output is for who uses the cluster by hand.
  const stdio: ('ignore' | 'inherit')[] = ['ignore', 'ignore', 'inherit'];
  const code = await run([kit.node, path.join(root, 'test/testbed/main.ts'), command, ...options], {
    cwd: root,
    env: kit.env,
    stdio,
  });
  if (code !== 0) throw new Stop(`\`npm run testbed -- ${command}\` has failed (exit code ${code})`);
}

async function timed<T>(times: string[], what: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await work();
  times.push(`${what} ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return result;
}

function readArguments(words: readonly string[]): { only: string | null; more: string[] } {
  const [flag, only, ...more] = words;
  if (flag === undefined) return { only: null, more: [] };
  if (flag === '--only' && (only === 'vitest' || only === 'pytest')) return { only, more };
  throw new Stop('usage: npm run test:cluster [-- --only vitest|pytest [ARGUMENTS]]');
}
