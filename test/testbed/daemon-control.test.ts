import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Daemon } from './daemon.ts';
import { checkPorts, killDaemon, startDaemon, stopDaemon } from './daemon-control.ts';
import { type Place, placeOf } from './place.ts';
import { readLiving } from './process-record.ts';

async function scratch(): Promise<Place> {
  const state = await mkdtemp(path.join(tmpdir(), 'konverge-daemon-'));
  const place = placeOf({ XDG_STATE_HOME: state });
  onTestFinished(async () => {
    await killDaemon('etcd', place);
    await rm(state, { recursive: true, force: true });
  });
  return place;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const serve =
  "require('node:http').createServer((_, answer) => answer.end()).listen(Number(process.argv[1]), '127.0.0.1')";

function daemonAt(port: number, change: Partial<Daemon> = {}): Daemon {
  return {
    name: 'etcd',
    argv: [process.execPath, '-e', serve, `${port}`],
    ports: [port],
    needs: [],
    ready: { kind: 'http', url: `http://127.0.0.1:${port}/` },
    patienceMs: 15_000,
    ...change,
  };
}

describe('a daemon', () => {
  test('that runs as it should is left alone; that runs otherwise is started anew', async () => {
    const place = await scratch();
    const daemon = daemonAt(await freePort());
    const pid = (): number | undefined => readLiving(place.daemons, 'etcd')?.pid;
    await startDaemon(daemon, place);
    const first = pid();
    expect(first).toBeGreaterThan(0);
    await startDaemon(daemon, place);
    expect(pid()).toBe(first);
    await startDaemon({ ...daemon, env: { CHANGED: '1' } }, place);
    expect(pid()).not.toBe(first);
    expect(() => process.kill(first ?? 0, 0)).toThrow('ESRCH');
  });

  test('can be stopped and started again, and stopped when it is not there', async () => {
    const place = await scratch();
    const daemon = daemonAt(await freePort());
    await startDaemon(daemon, place);
    await stopDaemon('etcd', place);
    expect(readLiving(place.daemons, 'etcd')).toBeUndefined();
    await stopDaemon('etcd', place);
    await startDaemon(daemon, place);
    expect(readLiving(place.daemons, 'etcd')).toBeDefined();
  });

  test('that does not end by itself is killed', async () => {
    const place = await scratch();
    const port = await freePort();
    const stubborn = `process.on('SIGTERM', () => {}); ${serve}`;
    await startDaemon(daemonAt(port, { argv: [process.execPath, '-e', stubborn, `${port}`] }), place);
    await stopDaemon('etcd', place, 100);
    expect(readLiving(place.daemons, 'etcd')).toBeUndefined();
  });

  test('that ends at once is told of with its last words', async () => {
    const place = await scratch();
    const port = await freePort();
    const argv = [process.execPath, '-e', "console.error('no such flag'); process.exitCode = 3"];
    await expect(startDaemon(daemonAt(port, { argv }), place)).rejects.toThrow(
      /etcd: it ended at once\n[^]*no such flag/,
    );
  });

  test('whose program is missing is told of', async () => {
    const place = await scratch();
    const daemon = daemonAt(await freePort(), { argv: ['/nowhere/etcd'] });
    await expect(startDaemon(daemon, place)).rejects.toThrow('etcd cannot be started: spawn /nowhere/etcd ENOENT');
  });

  test('whose port another program has is told of', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const sentence = `port ${port} of 127.0.0.1 is taken by another program, etcd needs it`;
    await expect(checkPorts(daemonAt(port))).rejects.toThrow(sentence);
  });
});
