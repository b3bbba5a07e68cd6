import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../../tools/setup/place.mjs';
import { runCommand } from '../command.ts';

interface PythonLayer {
  readonly folder: string;
  readonly requirements: readonly string[];
  readonly also?: string;
  /** Tar of the Debian that it stands on. */
  readonly base: string;
  /** Folder for what is needed only meanwhile. */
  readonly scratch: string;
  readonly target: string;
}

const inside = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'];

/**
 * Wheels are fetched, or built, out here, where pip is set up for this machine's network; they are installed inside, without
 * any, so that scripts get the paths that they will have.
 */
export async function installRequirements(layer: PythonLayer): Promise<void> {
  const { folder, requirements, also, base, scratch, target } = layer;
  const tree = path.join(scratch, 'root');
  const wheels = path.join(tree, 'wheels');
  const files = requirements.flatMap((file) => ['-r', path.join(root, file)]);
  await mkdir(wheels, { recursive: true });
  const pip = ['python', '-m', 'pip', '--quiet', '--disable-pip-version-check'];
  await runCommand([...pip, 'wheel', '--wheel-dir', wheels, 'pip', ...files]);
  await runCommand(['tar', '-C', tree, '-xf', base]);

  const names = (await readdir(wheels)).map((name) => `/wheels/${name}`);
  const installer = names.find((name) => path.basename(name).startsWith('pip-'));
  // It installs; it stays only if somebody asks for it.
  const staysToo = /^pip==/m.test(await requirementsText(requirements));
  const packages = names.filter((name) => staysToo || name !== installer);
  const python = `${folder}/bin/python`;
  await runCommand(['chroot', tree, ...inside, 'python3', '-m', 'venv', '--without-pip', folder]);
  const install = ['install', '--quiet', '--no-index', '--no-deps', '--no-cache-dir', '--root-user-action=ignore'];
  await runCommand(['chroot', tree, ...inside, python, `${installer}/pip`, ...install, ...packages]);
  await rm(wheels, { recursive: true });
  if (also !== undefined) await addToPath(path.join(tree, folder), also);
  await runCommand(['tar', '-C', tree, '--sort=name', '--numeric-owner', '-cf', target, folder.slice(1)]);
}

/** Python reads `*.pth` files in its folder of packages. */
async function addToPath(environment: string, also: string): Promise<void> {
  const [version = ''] = await readdir(path.join(environment, 'lib'));
  await writeFile(path.join(environment, 'lib', version, 'site-packages/konverge.pth'), `${also}\n`);
}

/** The text of all that the layer depends on, with what the files include. */
export async function requirementsText(requirements: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const file of requirements) {
    const text = await readFile(path.join(root, file), 'utf8');
    const included = [...text.matchAll(/^-r\s+(\S+)/gm)].map(([, name = '']) => path.join(path.dirname(file), name));
    texts.push(text, await requirementsText(included));
  }
  return texts.join('\n');
}
