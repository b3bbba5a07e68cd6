import { setTimeout as pause } from 'node:timers/promises';
import { auditedRequests } from './cluster/audit-log.ts';
import { ClusterSession } from './cluster/cluster-session.ts';
import { requireTestbed } from './cluster/testbed.ts';
import { atMost, type Figure } from './figure.ts';

const steps = 40;
const pending = 1000;
const quietMinutes = 3;

/** What we ask of the API server, by its own audit log. */
export async function k8sApiLoad(say: (line: string) => void): Promise<readonly Figure[]> {
  requireTestbed();
  const writes = await writesPerStep(say);
  const perMinute = await requestsWhilePending(say);
  return [
    atMost(
      'writes of the core per step',
      writes.core / steps,
      'requests',
      3,
      `${steps} steps with S3 in a pod each: ${writes.core} creates, patches and deletes by the core, ${writes.agent} by agents`,
    ),
    atMost(
      'writes of the agents per step',
      writes.agent / steps,
      'requests',
      0,
      'any user agent or account of step pods',
    ),
    atMost(
      `requests a minute with ${pending} steps pending and nothing changing`,
      perMinute,
      'requests',
      10,
      `all verbs, over ${quietMinutes} minutes, watches that are begun anew included`,
    ),
  ];
}

async function writesPerStep(say: (line: string) => void): Promise<{ readonly core: number; readonly agent: number }> {
  const session = await ClusterSession.open();
  const fromMs = Date.now();
  try {
    const names = Array.from({ length: steps }, (_, index) => `s${index}`);
    await session.submit(names.map((name) => session.step(name, `echo ${name} > ${name}.txt`)));
    for (const name of names) await session.over(name);
  } finally {
    // Closing waits for what is still to be removed.
    await session.close();
  }
  const writes = auditedRequests(fromMs).filter(({ verb }) => !['get', 'list', 'watch'].includes(verb));
  say(`${steps} steps are done`);
  return {
    core: writes.filter(({ userAgent }) => /^konverge\/.*\(core\)/.test(userAgent)).length,
    agent: writes.filter(({ userAgent }) => /^konverge\/.*\(agent\)/.test(userAgent)).length,
  };
}

async function requestsWhilePending(say: (line: string) => void): Promise<number> {
  // A queue that holds everything back: nothing of these ever starts.
  const session = await ClusterSession.open('held');
  try {
    const names = Array.from({ length: pending }, (_, index) => `p${index}`);
    await session.submit(names.map((name) => session.step(name, 'true')));
    await session.until((events) => new Set(events.filter(isPosted).map(({ ref }) => ref)).size === pending);
    say(`${pending} steps are pending; counting for ${quietMinutes} minutes`);
    const fromMs = Date.now() + 20_000;
    await pause(20_000 + quietMinutes * 60_000);
    const mine = auditedRequests(fromMs).filter(({ userAgent }) => /^konverge\/.*\(core\)/.test(userAgent));
    return mine.length / quietMinutes;
  } finally {
    await session.close();
  }
}

function isPosted({ state, reason }: { readonly state: string; readonly reason: string }): boolean {
  return state === 'queued' && !reason.startsWith('waits to be submitted') && !reason.startsWith('waits for Kueue');
}
