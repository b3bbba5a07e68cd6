// `npm run test:cluster`: the tests that need a cluster, on the testbed; the last line sums them up. Needs root.
// `npm run test:cluster -- --only vitest|pytest [ARGUMENTS FOR IT]`: one of the two.
// Exit code 2: no cluster can be made here.
import path from 'node:path';
import { exampleRequirements } from './setup/example.mjs';
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  // Said before anything is installed; what else a machine may lack, the testbed knows.
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    console.error(
      'konverge: nothing was tested: a cluster on this machine needs Linux and root (sudo npm run test:cluster)',
    );
    return 2;
  }
  const kit = await prepareKit('test', await exampleRequirements());
  return run([kit.node, path.join(root, 'tools/test-cluster.ts'), ...process.argv.slice(2)], {
    cwd: root,
    env: kit.env,
  });
});
