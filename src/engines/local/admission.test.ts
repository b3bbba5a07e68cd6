import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepId } from '../../domain/brand.ts';
import type { Queue, Quota } from '../../domain/queue.ts';
import { Admission } from './admission.ts';
import type { Waiting } from './waiting-line.ts';

const quota = (cpu: number, more: Partial<Quota> = {}): Quota => ({
  cpuMillis: cpu * 1000,
  memoryBytes: 0,
  gpu: 0,
  custom: {},
  ...more,
});
const queueOf = (name: string, cpu: number, more: Partial<Quota> & { priority?: number } = {}): Queue => {
  const { priority = 0, ...amounts } = more;
  return { name, priority, quota: quota(cpu, amounts) };
};

function waiting(sequence: number, cpu: number, more: Partial<Waiting> = {}): Waiting {
  const id = `s${sequence}` as StepId;
  return { id, queue: 'q', queuePriority: 0, priority: 0, sequence, demand: quota(cpu), ports: [], ...more };
}

function takeAll(admission: Admission): string[] {
  const taken: string[] = [];
  for (let next = admission.take(); next; next = admission.take()) taken.push(next.id);
  return taken;
}

describe('admission', () => {
  test('goes by queue priority, step priority, then order', () => {
    const admission = new Admission([queueOf('q', 9), queueOf('high', 9, { priority: 1 })], quota(9), 64);
    admission.add(waiting(1, 1));
    admission.add(waiting(2, 1, { priority: 7 }));
    admission.add(waiting(3, 1));
    admission.add(waiting(4, 1, { queue: 'high', queuePriority: 1 }));
    admission.add(waiting(0, 1));
    expect(takeAll(admission)).toEqual(['s4', 's2', 's0', 's1', 's3']);
  });

  test('lets smaller steps overtake, a stated number of times', () => {
    const admission = new Admission([queueOf('q', 2)], quota(2), 3);
    admission.add(waiting(0, 1));
    admission.add(waiting(1, 2));
    for (let sequence = 2; sequence < 20; sequence++) admission.add(waiting(sequence, 1));
    expect(takeAll(admission)).toEqual(['s0', 's2']);
    const later: string[] = [];
    const running = ['s0', 's2'];
    while (running.length > 0) {
      admission.release(running.shift() as StepId);
      const taken = takeAll(admission);
      later.push(...taken);
      running.push(...taken);
    }
    expect(later.slice(0, 4)).toEqual(['s3', 's4', 's1', 's5']);
  });

  test('keeps for a starving step only what it needs', () => {
    const admission = new Admission([queueOf('q', 4, { gpu: 1 })], quota(4, { gpu: 1 }), 0);
    admission.add(waiting(0, 1, { demand: quota(1, { gpu: 1 }) }));
    admission.add(waiting(1, 2, { demand: quota(2, { gpu: 1 }) }));
    for (const sequence of [2, 3, 4]) admission.add(waiting(sequence, 1));
    // Two cpus are kept for s1, which waits for the gpu; the one that is left goes to s2.
    expect(takeAll(admission)).toEqual(['s0', 's2']);
  });

  test('shares the machine between queues', () => {
    const admission = new Admission([queueOf('q', 4), queueOf('r', 4)], quota(4), 64);
    for (const sequence of [0, 1, 2]) admission.add(waiting(sequence, 1));
    for (const sequence of [3, 4]) admission.add(waiting(sequence, 1, { queue: 'r' }));
    expect(takeAll(admission)).toEqual(['s0', 's1', 's2', 's3']);
    expect(admission.why('s4' as StepId)).toBe(
      'waits for 1 cpu of the machine, which queue r shares: 4 of 4 in use; position 1',
    );
  });

  test('allows the largest queue even more than the machine has', () => {
    const admission = new Admission([queueOf('q', 8)], quota(2), 64);
    for (let sequence = 0; sequence < 9; sequence++) admission.add(waiting(sequence, 1));
    expect(takeAll(admission)).toHaveLength(8);
  });

  test('says why and where a step waits', () => {
    const admission = new Admission(
      [queueOf('q', 4, { memoryBytes: 8 * 2 ** 30, custom: { licence: 1 } })],
      quota(4),
      64,
    );
    admission.add(waiting(0, 3, { demand: quota(3, { memoryBytes: 6 * 2 ** 30, custom: { licence: 1 } }) }));
    admission.add(waiting(1, 2, { demand: quota(2, { memoryBytes: 4 * 2 ** 30 }) }));
    admission.add(waiting(2, 1, { demand: quota(1, { custom: { licence: 1 } }) }));
    admission.add(waiting(3, 4, { priority: 1 }));
    expect(takeAll(admission)).toEqual(['s3']);
    expect(admission.why('s0' as StepId)).toBe('waits for 3 cpu in queue q: 4 of 4 in use; position 1');
    admission.release('s3' as StepId);
    expect(takeAll(admission)).toEqual(['s0']);
    expect(admission.why('s1' as StepId)).toBe(
      'waits for 2 cpu (and 4Gi memory) in queue q: 3 of 4 in use; position 1',
    );
    expect(admission.why('s2' as StepId)).toBe('waits for 1 licence in queue q: 1 of 1 in use; position 2');
    expect(admission.why('s0' as StepId)).toBeUndefined();
  });

  test('gives a port to one step at a time', () => {
    const admission = new Admission([queueOf('q', 4)], quota(4), 64);
    admission.add(waiting(0, 1, { ports: [6379] }));
    admission.add(waiting(1, 1, { ports: [6379] }));
    expect(takeAll(admission)).toEqual(['s0']);
    expect(admission.why('s1' as StepId)).toContain('port 6379');
    admission.release('s0' as StepId);
    expect(takeAll(admission)).toEqual(['s1']);
  });

  test('never exceeds a quota, starves nobody and forgets nobody, whatever comes', () => {
    const step = fc.record({
      cpu: fc.integer({ min: 0, max: 4 }),
      gpu: fc.integer({ min: 0, max: 2 }),
      queue: fc.constantFrom('q', 'r'),
      priority: fc.integer({ min: 0, max: 2 }),
      cancelled: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.nat(), { minLength: 1 }),
        fc.nat(5),
        (steps, ends, overtakes) => {
          const queues = [queueOf('q', 4, { gpu: 2 }), queueOf('r', 5, { gpu: 2 })];
          const admission = new Admission(queues, quota(4, { gpu: 2 }), overtakes);
          const entries = steps.map(({ cpu, gpu, queue, priority }, sequence) =>
            waiting(sequence, cpu, { queue, priority, demand: quota(cpu, { gpu }) }),
          );
          for (const entry of entries) admission.add(entry);
          const cancelled = entries.filter((_entry, index) => steps[index]?.cancelled);
          for (const { id } of cancelled) expect(admission.remove(id)).toBe(true);
          const running: Waiting[] = [];
          const started: Waiting[] = [];
          for (let round = 0; ; round++) {
            for (let next = admission.take(); next; next = admission.take()) {
              running.push(next);
              started.push(next);
            }
            const sum = (of: (entry: Waiting) => number, queue?: string) =>
              running
                .filter((entry) => queue === undefined || entry.queue === queue)
                .reduce((total, entry) => total + of(entry), 0);
            expect(sum(({ demand }) => demand.cpuMillis)).toBeLessThanOrEqual(5000);
            expect(sum(({ demand }) => demand.cpuMillis, 'q')).toBeLessThanOrEqual(4000);
            expect(sum(({ demand }) => demand.gpu)).toBeLessThanOrEqual(2);
            if (running.length === 0) break;
            const [ended] = running.splice((ends[round % ends.length] ?? 0) % running.length, 1);
            if (ended) admission.release(ended.id);
          }
          expect(started.length).toBe(entries.length - cancelled.length);
          expect(new Set(started).size).toBe(started.length);
        },
      ),
    );
  });

  test('overtakes no step more often than allowed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 80 }),
        fc.nat(6),
        (sizes, overtakes) => {
          const admission = new Admission([queueOf('q', 4)], quota(4), overtakes);
          sizes.forEach((cpu, sequence) => admission.add(waiting(sequence, cpu)));
          const started: number[] = [];
          const running: Waiting[] = [];
          for (;;) {
            for (let next = admission.take(); next; next = admission.take()) {
              running.push(next);
              started.push(next.sequence);
            }
            const ended = running.shift();
            if (ended === undefined) break;
            admission.release(ended.id);
          }
          started.forEach((sequence, index) => {
            const first = started.slice(0, index).filter((other) => other > sequence).length;
            // A line counts anew for each of its heads, so a step waits behind at most all equals before it.
            const equalsBefore = sizes.filter((cpu, other) => cpu === sizes[sequence] && other <= sequence).length;
            expect(first).toBeLessThanOrEqual(overtakes * equalsBefore);
          });
        },
      ),
    );
  });

  test('takes 10,000 waiting steps of few shapes one by one without looking at all of them', () => {
    const admission = new Admission([queueOf('q', 4)], quota(4), 64);
    for (let sequence = 0; sequence < 10_000; sequence++) admission.add(waiting(sequence, 1 + (sequence % 3)));
    let looks = 0;
    const running: Waiting[] = [];
    for (let left = 10_000; left > 0; ) {
      const next = admission.take();
      looks++;
      if (next) {
        running.push(next);
        left--;
      } else admission.release((running.shift() as Waiting).id);
    }
    expect(looks).toBeLessThan(30_000);
  });
});
