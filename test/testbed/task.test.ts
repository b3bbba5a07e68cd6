import { describe, expect, test } from 'vitest';
import { checkOrder, inOrder, runTasks, type Task } from './task.ts';

function task(name: string, needs: readonly string[], run: () => Promise<void> = async () => {}): Task {
  return { name, needs, run };
}

describe('checkOrder', () => {
  test('names a need that does not exist', () => {
    expect(() => checkOrder([task('a', ['b'])])).toThrow('a needs b, which is no task');
  });

  test('names the ring in which tasks wait for each other', () => {
    const ring = [task('a', ['c']), task('b', ['a']), task('c', ['b'])];
    expect(() => checkOrder(ring)).toThrow('a -> c -> b -> a');
  });

  test('refuses two tasks of one name', () => {
    expect(() => checkOrder([task('a', []), task('a', [])])).toThrow('the same name');
  });
});

test('inOrder puts each after its needs', () => {
  const names = inOrder([task('c', ['b']), task('a', []), task('b', ['a'])]).map(({ name }) => name);
  expect(names).toEqual(['a', 'b', 'c']);
});

describe('runTasks', () => {
  test('runs side by side what can be, and the rest after its needs', async () => {
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const ran: string[] = [];
    // Each of the two ends only once the other one has begun.
    await runTasks(
      [
        task('end', ['one', 'two'], async () => void ran.push('end')),
        task('one', [], async () => {
          first.resolve();
          await second.promise;
          ran.push('one');
        }),
        task('two', [], async () => {
          second.resolve();
          await first.promise;
          ran.push('two');
        }),
      ],
      ({ name, beginMs, endMs }) => {
        expect(endMs).toBeGreaterThanOrEqual(beginMs);
        ran.push(`${name} told`);
      },
    );
    expect(ran.filter((word) => !word.includes('told')).at(-1)).toBe('end');
    expect(ran).toHaveLength(6);
  });

  test('leaves out what needs a task that failed, does the rest, and throws the failure', async () => {
    const ran: string[] = [];
    const begun = Promise.withResolvers<void>();
    const run = runTasks([
      task('bad', [], async () => {
        await begun.promise;
        throw new Error('broken');
      }),
      task('slow', [], async () => {
        begun.resolve();
        await new Promise((resolve) => setImmediate(resolve));
        ran.push('slow');
      }),
      task('after', ['bad'], async () => void ran.push('after')),
      task('beside', ['slow'], async () => void ran.push('beside')),
    ]);
    await expect(run).rejects.toThrow('broken');
    expect(ran).toEqual(['slow', 'beside']);
  });
});
