// `npm run bench -- NAME --json`
import path from 'node:path';
import { prepareKit } from './setup/kit.mjs';
import { requirementsDirectory, root } from './setup/place.mjs';
import { checkPrerequisites } from './setup/prerequisites.mjs';
import { run } from './setup/process.mjs';
import { installPythonEnvironment } from './setup/python-environment.mjs';
import { runMain } from './setup/stop.mjs';

/** @type {Record<string, string | undefined>} */
const peers = { 'storage-overhead': 'peer.txt', 'k8s-vs-peer': 'kubernetes-peer.txt' };

await runMain(async () => {
  const [name] = process.argv.slice(2);
  const peer = peers[name ?? ''];
  const kit = await (peer === undefined
    ? prepareKit('run')
    : prepareKit('test', [path.join(requirementsDirectory, peer)]));
  const env = name === 'staging' ? { ...kit.env, KONVERGE_BENCH_AWS: await installAws() } : kit.env;
  return run([kit.node, path.join(root, 'bench/main.ts'), ...process.argv.slice(2)], { cwd: root, env });
});

/** In an environment of its own: its libraries and Snakemake's do not go together. */
async function installAws() {
  const python = await checkPrerequisites();
  const folder = await installPythonEnvironment([path.join(requirementsDirectory, 'awscli.txt')], python);
  return path.join(folder, 'bin/aws');
}
