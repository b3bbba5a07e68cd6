import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { testUnless } from '../../test-unless.ts';
import { eventually, Harness } from './harness.ts';
import { subjects } from './subjects.ts';
import { lackOfPodman, tinyImage } from './tiny-image.ts';

/** podman finds its own settings by these. */
function callersEnvironment(): Record<string, string> {
  const env: Record<string, string> = { ONLY_OUTSIDE: 'yes' };
  for (const name of ['PATH', 'HOME', 'CONTAINERS_CONF', 'XDG_RUNTIME_DIR']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

describe('a step with an image of its own', () => {
  for (const subject of subjects) {
    testUnless(
      lackOfPodman(),
      `${subject.name}: runs in it, in its directory, with its environment and its user`,
      async () => {
        const harness = Harness.open(subject);
        harness.environment = callersEnvironment();
        const order = harness.order(
          'test -e /in-the-image && echo "$OWN ${ONLY_OUTSIDE-none}"; id -u; touch made; exit 6',
          {
            container: tinyImage,
            env: { OWN: `it's "$HOME"` },
          },
        );
        expect(await harness.run(order)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 6 } });
        expect(await harness.log(order.id)).toBe(`it's "$HOME" none\n${process.getuid?.()}\n`);
        expect(statSync(join(harness.directory, 'made')).uid).toBe(process.getuid?.());
      },
    );

    testUnless(lackOfPodman(), `${subject.name}: may have a command of 200 KB in it`, async () => {
      const harness = Harness.open(subject);
      harness.environment = callersEnvironment();
      const order = harness.order(`x='${'a'.repeat(200_000)}'; echo \${#x}`, { container: tinyImage });
      expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(order.id)).toBe('200000\n');
    });

    testUnless(lackOfPodman(), `${subject.name}: leaves no container behind when it is cancelled`, async () => {
      const harness = Harness.open(subject);
      harness.environment = callersEnvironment();
      const order = harness.order("trap '' TERM; touch ready; sleep 1000; sleep 1000", { container: tinyImage });
      harness.engine.launch([order]);
      await eventually(() => existsSync(join(harness.directory, 'ready')), 'the container');
      harness.engine.cancel([order.id]);
      expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled' });
      const names = execFileSync('podman', ['ps', '--all', '--format', '{{.Names}}'], { encoding: 'utf8' });
      expect(names.split('\n').filter((name) => name.endsWith(`${order.id}-step`))).toEqual([]);
    });

    testUnless(lackOfPodman(), `${subject.name}: fails with class image when it cannot be had`, async () => {
      const harness = Harness.open(subject);
      harness.environment = callersEnvironment();
      const end = await harness.run(harness.order('true', { container: 'localhost/konverge-test/nowhere:1' }));
      expect(end).toMatchObject({
        state: 'failed',
        failure: { class: 'image', message: expect.stringContaining('nowhere') },
      });
    });
  }
});
