import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually, Harness, overEngines } from './harness.ts';

/** podman finds its own settings by these. */
function callersEnvironment(): Record<string, string> {
  const env: Record<string, string> = { ONLY_OUTSIDE: 'yes' };
  for (const name of ['PATH', 'HOME', 'CONTAINERS_CONF', 'XDG_RUNTIME_DIR']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

overEngines('a step with an image of its own', (eachCase) => {
  eachCase(
    'runs in it, in its directory, with its environment and its user',
    async (subject) => {
      const harness = await Harness.open(subject);
      harness.environment = callersEnvironment();
      const order = harness.order(
        `test -e ${subject.image.mark} && echo "$OWN \${ONLY_OUTSIDE-none}"; id -u; touch made; exit 6`,
        { container: subject.image.name, env: { OWN: `it's "$HOME"` } },
      );
      expect(await harness.run(order)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 6 } });
      expect(await harness.log(order.id)).toBe(`it's "$HOME" none\n${process.getuid?.()}\n`);
      expect(statSync(join(harness.directory, 'made')).uid).toBe(process.getuid?.());
    },
    'image',
  );

  eachCase(
    'may have a command of 200 KB in it',
    async (subject) => {
      const harness = await Harness.open(subject);
      harness.environment = callersEnvironment();
      const order = harness.order(`x='${'a'.repeat(200_000)}'; echo \${#x}`, { container: subject.image.name });
      expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(order.id)).toBe('200000\n');
    },
    'image',
  );

  eachCase(
    'leaves no container behind when it is cancelled',
    async (subject) => {
      const harness = await Harness.open(subject);
      harness.environment = callersEnvironment();
      const order = harness.order("trap '' TERM; touch ready; sleep 1000; sleep 1000", {
        container: subject.image.name,
      });
      harness.engine.launch([order]);
      await eventually(() => existsSync(join(harness.directory, 'ready')), 'the container');
      harness.engine.cancel([order.id]);
      expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled' });
      const names = execFileSync('podman', ['ps', '--all', '--format', '{{.Names}}'], { encoding: 'utf8' });
      expect(names.split('\n').filter((name) => name.endsWith(`${order.id}-step`))).toEqual([]);
    },
    'podman',
    'image',
  );

  eachCase(
    'fails with class image when it cannot be had',
    async (subject) => {
      const harness = await Harness.open(subject);
      harness.environment = callersEnvironment();
      const end = await harness.run(harness.order('true', { container: 'localhost/konverge-test/nowhere:1' }));
      expect(end).toMatchObject({
        state: 'failed',
        failure: { class: 'image', message: expect.stringContaining('nowhere') },
      });
    },
    'image',
  );
});
