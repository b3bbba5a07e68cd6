import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './place.mjs';
import { capture } from './process.mjs';
import { Stop } from './stop.mjs';

const oldest = [24, 11];

/**
 * Path of a Node that runs our TypeScript sources as they are. First the pinned one from node_modules, an
 * optional dependency that is a plain binary and needs no install script; else the one we run on.
 * @returns {Promise<string>}
 */
export async function findNode() {
  const pinned = path.join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  for (const node of [pinned, process.execPath]) {
    if (!existsSync(node)) continue;
    const { code, stdout } = await capture([node, '--version']);
    if (code === 0 && isNewEnough(stdout)) return node;
  }
  throw new Stop(
    `there is no ready-made Node ${oldest[0]} for ${process.platform}-${process.arch}: put node >= ${oldest.join('.')} on the PATH`,
  );
}

/** @param {string} version such as `v24.21.0` */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.trim().replace('v', '').split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}
