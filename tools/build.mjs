// `npm run build`: the core as one file, and the Python package with it, as a wheel in dist/.
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { prepareKit } from './setup/kit.mjs';
import { pythonProject, root } from './setup/place.mjs';
import { capture, run } from './setup/process.mjs';
import { runMain, Stop } from './setup/stop.mjs';

const bundledCore = 'snakemake_executor_plugin_kueue/core/konverge.mjs';

await runMain(async () => {
  const kit = await prepareKit('test');
  const dist = path.join(root, 'dist');
  const isWheel = (/** @type {string} */ name) => name.endsWith('.whl');
  await mkdir(dist, { recursive: true });
  for (const name of (await readdir(dist)).filter(isWheel)) await rm(path.join(dist, name));

  // Without build isolation: hatchling is pinned in tools.txt, and pip need not fetch it each time.
  const pip = ['-m', 'pip', 'wheel', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-build-isolation'];
  const commands = [
    [kit.node, 'tools/build.ts'],
    [kit.python, ...pip, '--wheel-dir', dist, pythonProject],
  ];
  for (const argv of commands) {
    const code = await run(argv, { cwd: root, env: kit.env });
    if (code !== 0) return code;
  }

  const [wheel] = (await readdir(dist)).filter(isWheel);
  if (wheel === undefined) throw new Stop('pip made no wheel');
  const { output } = await capture([kit.python, '-m', 'zipfile', '--list', path.join(dist, wheel)]);
  if (!output.includes(bundledCore)) throw new Stop(`${wheel} lacks ${bundledCore}`);
  console.log(`dist/${wheel}`);
  return 0;
});
