import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Cluster } from './cluster.ts';
import type { Daemon, DaemonName } from './daemon.ts';
import { fingerprintOf } from './daemon-control.ts';
import { daemonsOf } from './daemons.ts';
import { defaultOptions, type Options } from './options.ts';
import { placeOf } from './place.ts';
import type { Programs } from './programs.ts';
import { checkOrder, inOrder } from './task.ts';
import { tasksOf } from './up.ts';

const place = placeOf({ XDG_CACHE_HOME: '/cache', XDG_STATE_HOME: '/state' });
const programs: Programs = {
  of: (name) => `/bin/${name}`,
  fluxOperator: { main: '/flux/main.ts', digest: '0123' },
  kwokStages: ['/stages/a.yaml'],
};

function daemons(change: Partial<Options> = {}): readonly Daemon[] {
  return daemonsOf(place, programs, { ...defaultOptions, ...change });
}

function daemon(name: DaemonName, change: Partial<Options> = {}): Daemon {
  const found = daemons(change).find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

describe('order', () => {
  test.each([{}, { kwok: 3, cpus: 0, audit: true, fast: true }])(
    'all needs of %j exist, and none is a ring',
    (change) => {
      const options = { ...defaultOptions, ...change };
      const tasks = tasksOf({ place, options, daemons: daemons(change) } as unknown as Cluster, () => {});
      expect(() => checkOrder(tasks)).not.toThrow();
      const names = inOrder(tasks).map(({ name }) => name);
      expect(names.indexOf('webhooks')).toBeGreaterThan(names.indexOf('kueue'));
      expect(names.indexOf('kueue')).toBeGreaterThan(names.indexOf('definitions'));
    },
  );

  test('no two daemons listen at the same place', () => {
    const all = daemons({ kwok: 1 }).flatMap(({ ports }) => ports.map((port) => JSON.stringify(port)));
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('options', () => {
  test('KWOK runs only if it is asked for', () => {
    expect(daemons().some(({ name }) => name === 'kwok')).toBe(false);
    expect(daemon('kwok', { kwok: 2 }).argv).toContain('/stages/a.yaml');
  });

  test('the audit log tells of every call what it was, and nothing of what was in it', () => {
    expect(daemon('kube-apiserver').argv.join(' ')).not.toContain('audit');
    const audited = daemon('kube-apiserver', { audit: true });
    expect(audited.argv).toContain('--audit-log-path=/state/konverge/testbed/audit.log');
    const policy = parse(audited.files?.[0]?.content ?? '') as { rules: unknown[] };
    expect(policy.rules).toEqual([{ level: 'Metadata' }]);
  });

  test('the kubelet sees other CPUs only if it is told to', () => {
    expect(daemon('kubelet', { cpus: 4 }).argv.slice(0, 2)).toEqual(['unshare', '--mount']);
    expect(daemon('kubelet', { cpus: 4 }).argv).toContain('/state/konverge/testbed/config/cpus-4');
    expect(daemon('kubelet', { cpus: 0 }).argv[0]).toBe('/bin/kubelet');
  });

  test.each(['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kueue'] as const)(
    'fast changes %s, so that up starts it anew',
    (name) => {
      expect(fingerprintOf(daemon(name, { fast: true }))).not.toBe(fingerprintOf(daemon(name)));
      expect(fingerprintOf(daemon(name))).toBe(fingerprintOf(daemon(name)));
    },
  );

  test('no secret of S3 is an argument', () => {
    const { argv, env } = daemon('versitygw');
    expect(env).toHaveProperty('ROOT_SECRET_KEY');
    expect(argv).not.toContain(env?.['ROOT_SECRET_KEY']);
  });
});

test('configuration files are what their readers read', () => {
  for (const { files = [] } of daemons({ audit: true })) {
    for (const { path, content } of files) {
      if (path.endsWith('.yaml')) expect(parse(content)).toHaveProperty('kind');
      if (path.endsWith('.conflist')) expect(JSON.parse(content)).toHaveProperty('plugins');
    }
  }
});
