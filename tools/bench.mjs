// `npm run bench -- NAME --json`
import path from 'node:path';
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('run');
  return run([kit.node, path.join(root, 'bench/main.ts'), ...process.argv.slice(2)], { cwd: root, env: kit.env });
});
