import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { SqliteRunStore } from '../../src/storage/sqlite/sqlite-run-store.ts';

const rounds = 12;

/**
 * Runs the writer until it has confirmed a number of batches, kills it with -9 in the middle of its work, and returns the
 * last batch that it had confirmed.
 */
async function killWriter(path: string, confirmations: number): Promise<number> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'store-writer.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => writer.once('exit', () => resolve()));
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    last = Number(line);
    seen += 1;
    if (seen === confirmations) writer.kill('SIGKILL');
  }
  await ended;
  return last;
}

it(`loses nothing that was confirmed and tears no batch, over ${rounds} kills`, async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'konverge-chaos-')), 'store.sqlite');
  let confirmed = -1;
  for (let round = 0; round < rounds; round += 1) {
    // Another moment of the writer's life each time.
    confirmed = Math.max(confirmed, await killWriter(path, 1 + round * 7));
    const store = new SqliteRunStore(path);
    const batches = new Map<string, number>();
    for (const step of store.steps()) batches.set(step.queue, (batches.get(step.queue) ?? 0) + 1);
    for (let batch = 0; batch <= confirmed; batch += 1) expect(batches.get(`batch-${batch}`), `batch ${batch}`).toBe(5);
    for (const [name, steps] of batches) expect(steps, name).toBe(5);
    // One event for each step, without a gap: a rolled back transaction uses no number.
    const events = store.events(0);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1));
    expect(events.length).toBe(store.steps().length);
    store.close();
  }
  expect(confirmed).toBeGreaterThan(rounds);
}, 120_000);
