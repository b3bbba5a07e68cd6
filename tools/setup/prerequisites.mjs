// What must be on the machine before anything can be installed: Node >= 18 and Python >= 3.11 with venv.
import { capture } from './process.mjs';
import { Stop } from './stop.mjs';

const oldestNode = 18;
const oldestPython = { major: 3, minor: 11 };

/**
 * @typedef {object} Python
 * @property {string} executable  absolute path of the interpreter
 * @property {string} version  such as `3.11.2`
 */

/**
 * @returns {Promise<Python>}
 * @throws {Stop} naming all that is missing, in one line
 */
export async function checkPrerequisites() {
  const nodeMajor = Number.parseInt(process.versions.node, 10);
  if (nodeMajor < oldestNode) {
    throw new Stop(
      `Node.js is ${process.versions.node}, needed is ${oldestNode} or newer: sudo apt-get install nodejs npm`,
    );
  }

  const question =
    'import importlib.util as u, json, platform, sys; ' +
    'print(json.dumps([sys.executable, platform.python_version(), list(sys.version_info[:2]), ' +
    'u.find_spec("venv") is not None and u.find_spec("ensurepip") is not None]))';
  const { code, stdout } = await capture(['python3', '-c', question]);
  if (code !== 0) {
    throw new Stop('python3 and python3-venv are missing: sudo apt-get install python3 python3-venv');
  }
  const [executable, version, [major, minor], hasVenv] = JSON.parse(stdout);
  if (major < oldestPython.major || (major === oldestPython.major && minor < oldestPython.minor)) {
    throw new Stop(
      `python3 is ${version}, needed is ${oldestPython.major}.${oldestPython.minor} or newer (Debian 12 has it): sudo apt-get install python3 python3-venv`,
    );
  }
  if (!hasVenv) throw new Stop('python3-venv is missing: sudo apt-get install python3-venv');
  return { executable, version };
}
