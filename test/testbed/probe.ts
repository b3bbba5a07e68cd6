import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tryCommand } from './command.ts';
import type { Probe } from './daemon.ts';

const intervalMs = 50;
const answerMs = 2000;

/** @returns null if all is well, else what is not, in a few words */
export async function probe(of: Probe, pki: string): Promise<string | null> {
  switch (of.kind) {
    case 'command': {
      const { code, stderr } = await tryCommand(of.argv, { timeoutMs: 5000 });
      return code === 0 ? null : stderr.trim() || `exit code ${code}`;
    }
    case 'answers':
    case 'http':
      return ask(of, pki);
  }
}

/** Whoever answers is ours, since the ports are: no certificate is checked, ours may be shown. */
function ask(of: Probe & { kind: 'answers' | 'http' }, pki: string): Promise<string | null> {
  const client = of.kind === 'http' ? of.client : undefined;
  const identity =
    client === undefined
      ? {}
      : {
          cert: readFileSync(path.join(pki, `${client}.crt`)),
          key: readFileSync(path.join(pki, `${client}.key`)),
        };
  const options = { agent: false as const, timeout: answerMs };
  return new Promise((resolve) => {
    const answered = (response: http.IncomingMessage): void => {
      response.resume();
      const good = of.kind === 'answers' || response.statusCode === 200;
      resolve(good ? null : `answers ${response.statusCode}`);
    };
    const request = of.url.startsWith('https:')
      ? https.get(of.url, { ...options, rejectUnauthorized: false, ...identity }, answered)
      : http.get(of.url, options, answered);
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', (error) => resolve(error.message || 'no answer'));
  });
}

/**
 * Asks until all is well.
 * @param given up  a reason not to wait any longer, such as that the process has ended
 * @throws {Error} with the last answer, or the reason
 */
export async function waitUntilWell(
  what: string,
  ask: () => Promise<string | null>,
  patienceMs: number,
  givenUp: () => Promise<string | null> = async () => null,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const fault = await ask();
    if (fault === null) return;
    const reason = await givenUp();
    if (reason !== null) throw new Error(`${what}: ${reason}`);
    if (performance.now() > deadline) {
      throw new Error(`${what} is not ready after ${Math.round(patienceMs / 1000)} s: ${fault}`);
    }
    await pause(intervalMs);
  }
}
