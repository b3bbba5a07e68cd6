// `npm run docs`: writes the generated parts of the documentation anew.
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('run');
  return run([kit.node, 'tools/docs/generate.ts'], { cwd: root, env: kit.env });
});
