// `npm run lock`: brings package-lock.json up to date with package.json, complete for all platforms.
//
// Tools such as esbuild have one optional package per platform. A registry mirror may lack those of platforms
// it does not serve; npm then leaves them out of the lock file without a word, and `npm ci` refuses that file
// everywhere. Their versions are known (the parents pin them exactly), so we add what npm left out. Only the
// integrity hash stays unknown; npm adds it when it meets the package.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './setup/place.mjs';

/**
 * @typedef {object} Entry
 * @property {string} [version]
 * @property {string[]} [cpu]
 * @property {boolean} [dev]
 * @property {string[]} [libc]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {Record<string, string>} [optionalDependencies]
 */

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/**
 * @param {string} name such as `@esbuild/linux-arm64`
 * @param {string} version
 * @param {Entry} parent
 * @returns {Entry}
 */
function platformEntry(name, version, parent) {
  const os = systems.find((system) => name.includes(system));
  const cpu = processors.find((processor) => name.includes(`-${processor}`));
  return {
    version,
    ...(cpu && { cpu: [cpu] }),
    ...(parent.dev && { dev: true }),
    ...(os === 'linux' && name.includes('musl') && { libc: ['musl'] }),
    optional: true,
    ...(os && { os: [os] }),
  };
}

const file = path.join(root, 'package-lock.json');
/** @type {{ packages: Record<string, Entry> }} */
const lock = JSON.parse(await readFile(file, 'utf8'));
let added = 0;
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    // A range (fsevents) is npm's to resolve; only exact versions are known to us.
    if (lock.packages[key] !== undefined || !/^\d+\.\d+\.\d+/.test(version)) continue;
    lock.packages[key] = platformEntry(name, version, parent);
    added += 1;
  }
}
// npm's own order
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} packages of other platforms added`);
