// What tools/test-flux.mjs runs, as it is TypeScript that knows the testbed.
import { openCluster } from '../test/testbed/cluster.ts';
import { livingDaemons } from '../test/testbed/owner.ts';
import { placeOf } from '../test/testbed/place.ts';
import { testEnvironment } from '../test/testbed/test-environment.ts';
import { isStrict, pytestSuite, runLanes, vitestSuite } from './report/run-tests.mjs';
import { summarize } from './report/summary.mjs';
import { exampleRequirements } from './setup/example.mjs';
import { prepareKit } from './setup/kit.mjs';
import { runMain, Stop } from './setup/stop.mjs';

const vitestFiles = ['test/cluster/kinds/minicluster.test.ts'];
const pytestFiles = ['test/cluster/workflows/test_minicluster.py'];
/** Of a foreign cluster; the testbed knows its own. */
const needed = ['KUBECONFIG', 'S3_ENDPOINT', 'S3_ACCESS_KEY', 'S3_SECRET_KEY'].map((name) => `KONVERGE_TEST_${name}`);

await runMain(async () => {
  const kit = await prepareKit('test', await exampleRequirements());
  const suiteKit = { ...kit, env: { ...kit.env, ...(await whereToTest(kit.env['PATH'])) } };
  // One file after another: an instance of Flux wants the machine for itself.
  const results = await runLanes([
    vitestSuite(suiteKit, 'vitest with Flux', ['--no-file-parallelism', '--maxConcurrency=2', ...vitestFiles]),
    pytestSuite(suiteKit, 'pytest with Flux', pytestFiles),
  ]);
  const { lines, code } = summarize(results, isStrict());
  console.log(`\n${lines.join('\n')}`);
  return code;
});

/** The cluster that the environment names; else the testbed, if it runs: its operator may have been replaced by the real one. */
async function whereToTest(searchPath: string | undefined): Promise<NodeJS.ProcessEnv> {
  const missing = needed.filter((name) => process.env[name] === undefined);
  if (missing.length === 0) {
    const kubeconfig = process.env['KONVERGE_TEST_KUBECONFIG'];
    return { KUBECONFIG: kubeconfig, KONVERGE_TEST_FOREIGN: process.env['KONVERGE_TEST_FOREIGN'] ?? '1' };
  }
  if (livingDaemons(placeOf(process.env).daemons).length === 0) {
    throw new Stop(
      `nothing was tested: no testbed runs, and these are not set: ${missing.join(', ')} (docs/guides/flux.md)`,
    );
  }
  return testEnvironment(await openCluster(), searchPath);
}
