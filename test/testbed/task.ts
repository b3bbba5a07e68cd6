/** A piece of work that waits for others; pure order, any work. */
export interface Task {
  readonly name: string;
  /** Names of tasks that must have ended well before this one begins. */
  readonly needs: readonly string[];
  run(): Promise<void>;
}

export interface TaskTime {
  readonly name: string;
  /** Since all of them began. */
  readonly beginMs: number;
  readonly endMs: number;
}

/** @throws {Error} naming a need that no task has, or a ring of needs */
export function checkOrder(tasks: readonly Pick<Task, 'name' | 'needs'>[]): void {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  if (byName.size !== tasks.length) throw new Error('two tasks have the same name');
  const settled = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    if (settled.has(name)) return;
    if (above.includes(name)) throw new Error(`tasks wait for each other: ${[...above, name].join(' -> ')}`);
    const task = byName.get(name);
    if (task === undefined) throw new Error(`${above.at(-1)} needs ${name}, which is no task`);
    for (const need of task.needs) visit(need, [...above, name]);
    settled.add(name);
  };
  for (const { name } of tasks) visit(name, []);
}

/**
 * Runs each task as soon as what it needs is done, side by side with all others. What needs a task that failed is left out;
 * all else is done, so that the next time there is less to do. Then the first failure is thrown.
 * @param ended  told of each task at its end
 */
export async function runTasks(tasks: readonly Task[], ended: (time: TaskTime) => void = () => {}): Promise<void> {
  checkOrder(tasks);
  const begin = performance.now();
  const failures: unknown[] = [];
  const promises = new Map<string, Promise<boolean>>();

  const attempt = async (task: Task): Promise<boolean> => {
    const ready = await Promise.all(task.needs.map((need) => promises.get(need) ?? Promise.resolve(false)));
    if (ready.includes(false)) return false;
    const beginMs = performance.now() - begin;
    try {
      await task.run();
    } catch (error) {
      failures.push(error);
      return false;
    }
    ended({ name: task.name, beginMs, endMs: performance.now() - begin });
    return true;
  };
  for (const task of inOrder(tasks)) promises.set(task.name, attempt(task));
  await Promise.all(promises.values());
  if (failures.length > 0) throw failures[0];
}

/** Each one after all that it needs. */
export function inOrder<T extends Pick<Task, 'name' | 'needs'>>(tasks: readonly T[]): T[] {
  const done = new Set<string>();
  const ordered: T[] = [];
  while (ordered.length < tasks.length) {
    const next = tasks.filter(({ name, needs }) => !done.has(name) && needs.every((need) => done.has(need)));
    if (next.length === 0) throw new Error('tasks wait for each other');
    for (const task of next) done.add(task.name);
    ordered.push(...next);
  }
  return ordered;
}
