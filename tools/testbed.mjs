// `npm run testbed -- up|status|down|build`: a real cluster on this machine.
import path from 'node:path';
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('test');
  return run([kit.node, path.join(root, 'test/testbed/main.ts'), ...process.argv.slice(2)], {
    cwd: root,
    env: kit.env,
  });
});
