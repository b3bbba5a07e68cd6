// `npm run test:flux`: the tests of MiniClusters against a cluster with the real Flux Operator and images with Flux. The last line
// sums them up. docs/guides/flux.md says what has to be there, and which variables say where.
import path from 'node:path';
import { exampleRequirements } from './setup/example.mjs';
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('test', await exampleRequirements());
  return run([kit.node, path.join(root, 'tools/test-flux.ts'), ...process.argv.slice(2)], { cwd: root, env: kit.env });
});
