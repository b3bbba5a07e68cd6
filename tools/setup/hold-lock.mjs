import { spawn } from 'node:child_process';
import { once } from 'node:events';

// Node has no flock(2), so a small Python process holds the lock; it ends when our end of its stdin is gone, however
// we end. Ctrl-C goes to it too, while we still tidy up: it ignores that.
const holder = [
  'import fcntl, signal, sys',
  'signal.signal(signal.SIGINT, signal.SIG_IGN)',
  'lock = open(sys.argv[1], "w")',
  'try: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)',
  'except BlockingIOError: sys.exit("busy")',
  'print("held", flush=True)',
  'sys.stdin.read()',
].join('\n');

/**
 * Takes a lock for as long as this process lives.
 * @param {string} file
 * @param {string} python
 * @returns {Promise<null | (() => void)>} lets go of it; null if another process has it
 */
export async function holdLock(file, python) {
  const child = spawn(python, ['-c', holder, file], { stdio: ['pipe', 'pipe', 'ignore'] });
  const held = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'close').then(() => false),
  ]);
  return held ? () => child.stdin.end() : null;
}
