// Go, for the servers of the tests: they are built from the module proxy.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { requirementsDirectory } from './place.mjs';
import { capture } from './process.mjs';
import { installPythonEnvironment } from './python-environment.mjs';
import { Stop } from './stop.mjs';

/** GOTOOLCHAIN: an older Go fetches the one that go.mod asks for. No cgo, so no C compiler is needed. */
export const goEnvironment = { GOTOOLCHAIN: 'auto', CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };

/**
 * The Go on the PATH, or where its own installer puts it, if it can build the module; else one from a Python package.
 * @param {string} goMod  text of go.mod
 * @param {import('./prerequisites.mjs').Python} python
 * @returns {Promise<string>}
 * @throws {Stop} `missing tool: go` if there is none and none can be installed
 */
export async function findGo(goMod, python) {
  const needed = /^go (\d+\.\d+)/m.exec(goMod)?.[1] ?? '1.21';
  for (const go of ['go', '/usr/local/go/bin/go']) {
    if (path.isAbsolute(go) && !existsSync(go)) continue;
    const { code, stdout } = await capture([go, 'env', 'GOVERSION', 'GOTOOLCHAIN']);
    const [version = '', toolchain = ''] = stdout.split('\n');
    // Since 1.21 Go fetches a newer one by itself, unless it is told not to.
    const enough = toolchain === 'local' ? needed : '1.21';
    if (code === 0 && isAtLeast(version, enough)) return go;
  }
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
