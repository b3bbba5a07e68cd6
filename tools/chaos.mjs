// `npm run chaos -- kill-loop --rounds 100`
import path from 'node:path';
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('test');
  return run([kit.node, path.join(root, 'test/chaos/main.ts'), ...process.argv.slice(2)], { cwd: root, env: kit.env });
});
