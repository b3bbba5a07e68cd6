import { execFile, spawn } from 'node:child_process';
import os from 'node:os';

/**
 * Runs a program on this terminal and returns its exit code.
 * @param {string[]} argv
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions }} [options]
 * @returns {Promise<number>}
 */
export function run(argv, options = {}) {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: 'inherit', ...options });
    // Ctrl-C reaches the child by the terminal; we only have to live until it has tidied up. The other
    // two come to us alone, so we hand them on.
    const ignore = () => {};
    const handOn = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    process.on('SIGINT', ignore).on('SIGTERM', handOn).on('SIGHUP', handOn);
    const release = () => process.off('SIGINT', ignore).off('SIGTERM', handOn).off('SIGHUP', handOn);
    child.on('error', (error) => {
      release();
      reject(error);
    });
    child.on('close', (code, signal) => {
      release();
      resolve(signal === null ? (code ?? 1) : 128 + os.constants.signals[signal]);
    });
  });
}

/**
 * Runs a program quietly; never throws for what the program does.
 * @param {string[]} argv
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string, stdout: string }>}
 */
export function capture(argv, options = {}) {
  const [program = '', ...rest] = argv;
  return new Promise((resolve) => {
    execFile(program, rest, { maxBuffer: 1 << 28, ...options }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      const spawnFailure = error !== null && typeof error.code !== 'number' ? `${error.message}\n` : '';
      resolve({ code, output: stdout + stderr + spawnFailure, stdout });
    });
  });
}
