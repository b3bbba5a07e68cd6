import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SqliteRunStore } from '../../../src/storage/sqlite/sqlite-run-store.ts';
import type { ObjectStoreServer } from '../../object-store-server/server.ts';
import type { Random } from './random.ts';
import { corePid, pidsOf, type Victim, victims } from './victims.ts';
import { snakefile } from './workflow.ts';

/** A run that has not ended by then hangs. */
const runPatienceMs = 120_000;
const coreEndPatienceMs = 30_000;
/** Snakemake's own start: a kill then disturbs nobody. */
const quietPart = 0.25;

export interface Kill {
  readonly victim: Victim;
  readonly afterMs: number;
}

export interface RoundResult {
  readonly kills: readonly Kill[];
  /** Calls of `snakemake` until one succeeded. */
  readonly calls: number;
  /** How often each step's command was begun, by its name. */
  readonly begun: Readonly<Record<string, number>>;
  /** How often a step was committed, at most; by the run store. */
  readonly commits: number;
  readonly seconds: number;
}

/** One workflow in a directory and a bucket of its own. */
export class Round {
  readonly bucket: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'konverge-kill-'));
  private readonly server: ObjectStoreServer;
  private readonly flags: readonly string[];

  constructor(server: ObjectStoreServer, bucket: string, flags: readonly string[] = []) {
    this.server = server;
    this.flags = flags;
    this.bucket = bucket;
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(join(this.directory, 'Snakefile'), snakefile);
    writeFileSync(this.log, '');
  }

  /** Runs to the end without disturbance; with `random`, after `kills` random kills. Throws if a run fails or hangs. */
  async run(random?: Random, mostKills = 3, withinMs = 4000): Promise<RoundResult> {
    const begin = performance.now();
    const wanted = random ? 1 + random.below(mostKills) : 0;
    const kills: Kill[] = [];
    for (let calls = 1; ; calls += 1) {
      const kill =
        random && kills.length < wanted
          ? {
              victim: victims[random.below(victims.length)] ?? 'core',
              afterMs: Math.round(quietPart * withinMs) + random.below((1 - quietPart) * withinMs),
            }
          : undefined;
      const { code, words, hit } = await this.call(kill);
      if (kill && hit) kills.push(kill);
      // What is killed after all is done has nothing to show; the round goes on to look at the result.
      if (code === 0) {
        await this.coreGone();
        const seconds = (performance.now() - begin) / 1000;
        return { kills, calls, begun: this.begun(), commits: this.commits(), seconds };
      }
      const killed = kill !== undefined && hit && kill.victim.match(/snakemake|all/) !== null;
      if (!killed) throw new Error(`snakemake ended with ${String(code)} after ${JSON.stringify(kills)}:\n${words}`);
    }
  }

  /** Only after a success: what failed is to be looked at. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  get place(): string {
    return this.directory;
  }

  private get log(): string {
    return join(this.directory, 'begun.log');
  }

  private async call(
    kill: Kill | undefined,
  ): Promise<{ readonly code: number | null; readonly words: string; readonly hit: boolean }> {
    const storage = ['--default-storage-provider', 's3', '--default-storage-prefix', `s3://${this.bucket}`];
    const child = spawn(
      'snakemake',
      ['--executor', 'kueue', '--kueue-engine', 'local', '--jobs', '4', ...storage, ...this.flags, '--quiet', 'rules'],
      {
        cwd: this.directory,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          KILL_LOOP_LOG: this.log,
          SNAKEMAKE_STORAGE_S3_ENDPOINT_URL: this.server.endpoint,
          SNAKEMAKE_STORAGE_S3_ACCESS_KEY: this.server.accessKey,
          SNAKEMAKE_STORAGE_S3_SECRET_KEY: this.server.secretKey,
        },
      },
    );
    let words = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += String(chunk)));
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const hang = setTimeout(() => child.kill('SIGKILL'), runPatienceMs);
    let hit = false;
    const over = new AbortController();
    const killer = kill
      ? pause(kill.afterMs, undefined, { signal: over.signal }).then(
          () => {
            const pids = pidsOf(kill.victim, this.directory, child.pid ?? -1);
            for (const pid of pids) hit = killHard(pid) || hit;
          },
          () => undefined,
        )
      : Promise.resolve();
    const [code] = await ended;
    over.abort();
    clearTimeout(hang);
    await killer;
    return { code, words, hit };
  }

  private async coreGone(): Promise<void> {
    for (
      const untilMs = performance.now() + coreEndPatienceMs;
      corePid(this.directory) !== undefined;
      await pause(20)
    ) {
      if (performance.now() > untilMs) throw new Error('the core does not end after the run');
    }
  }

  private begun(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const name of readFileSync(this.log, 'utf8').split('\n').filter(Boolean))
      counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }

  private commits(): number {
    const store = new SqliteRunStore(join(this.directory, '.snakemake/konverge/store.sqlite'), { readOnly: true });
    try {
      const byKey = new Map<string, number>();
      for (const { key } of store.steps({ states: ['succeeded'] })) byKey.set(key, (byKey.get(key) ?? 0) + 1);
      return Math.max(0, ...byKey.values());
    } finally {
      store.close();
    }
  }
}

function killHard(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    // It has ended by itself.
    return false;
  }
}
