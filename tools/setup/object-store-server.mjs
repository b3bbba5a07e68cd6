// The S3 server that tests, benches and an example use: built from source once, shared by all clones of the user.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { findGo, goEnvironment } from './go.mjs';
import { makeOnce } from './make-once.mjs';
import { cacheDirectory, root } from './place.mjs';
import { checkPrerequisites } from './prerequisites.mjs';

const modules = path.join(root, 'test/object-store-server/versitygw');
const program = 'github.com/versity/versitygw/cmd/versitygw';

/**
 * @returns {Promise<string>} path of the program
 * @throws {import('./stop.mjs').Stop} `missing tool: go` if there is no Go and none can be installed
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
  const environment = Object.entries(goEnvironment).map(([name, value]) => `${name}=${value}`);
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
