import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pythonProject, root } from '../../../tools/setup/place.mjs';
import { runCommand } from '../command.ts';
import { bundleCore } from './sources.ts';

/** A digest of all that our Python package is made of, with the bundle of the core. */
export async function pluginKey(): Promise<string> {
  await bundleCore();
  const hash = createHash('sha256');
  const source = path.join(pythonProject, 'src');
  for (const name of (await readdir(source, { recursive: true })).toSorted()) {
    if (/\.(py|mjs|typed)$/.test(name)) hash.update(name).update(await readFile(path.join(source, name)));
  }
  return hash.update(await readFile(path.join(pythonProject, 'pyproject.toml'))).digest('hex');
}

/** Python files only, so they need nothing of the image. What the package depends on is in a layer of its own. */
export async function installPlugin(folder: string, scratch: string, target: string): Promise<void> {
  const tree = path.join(scratch, 'root');
  await mkdir(path.join(tree, folder), { recursive: true });
  const pip = ['python', '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install'];
  const how = ['--no-deps', '--no-build-isolation', '--root-user-action=ignore'];
  await runCommand([...pip, ...how, '--target', path.join(tree, folder), pythonProject], { cwd: root });
  const owner = ['--sort=name', '--numeric-owner', '--owner=0', '--group=0'];
  await runCommand(['tar', '-C', tree, ...owner, '-cf', target, folder.slice(1)]);
}
