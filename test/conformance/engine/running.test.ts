import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Harness, overEngines } from './harness.ts';

overEngines('a step that runs', (eachCase) => {
  eachCase('succeeds, and is seen to run before', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('until [ -e go ]; do sleep 0.02; done; echo out; echo err >&2');
    harness.engine.launch([order]);
    await harness.reached(order.id, 'running');
    writeFileSync(join(harness.directory, 'go'), '');
    expect(await harness.end(order.id)).toMatchObject({
      state: 'succeeded',
      usage: [{ wallMs: expect.any(Number), cpuMs: expect.any(Number) }],
    });
    expect(harness.statesOf(order.id).slice(-2)).toEqual(['running', 'succeeded']);
    expect(await harness.log(order.id)).toBe('out\n');
    expect(await harness.log(order.id, 'stderr')).toBe('err\n');
    expect(readFileSync(harness.engine.logPaths(order.id)!.stdout, 'utf8')).toBe('out\n');
  });

  eachCase('fails with its exit code', async (subject) => {
    const harness = await Harness.open(subject);
    expect(await harness.run(harness.order('exit 3'))).toMatchObject({
      state: 'failed',
      failure: { class: 'user', exitCode: 3, message: expect.stringContaining('exit code 3') },
    });
  });

  eachCase('fails with the name of the signal that killed it', async (subject) => {
    const harness = await Harness.open(subject);
    expect(await harness.run(harness.order('kill -SEGV $$'))).toMatchObject({
      state: 'failed',
      failure: { class: 'user', signal: 'SIGSEGV', message: expect.stringContaining('killed by SIGSEGV') },
    });
  });

  eachCase('survives a signal to its own process group with its exit code', async (subject) => {
    const harness = await Harness.open(subject);
    const end = await harness.run(harness.order("trap 'exit 7' TERM; kill -TERM 0; sleep 100 & wait"));
    expect(end).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 7 } });
  });

  eachCase('says when a command was not found', async (subject) => {
    const harness = await Harness.open(subject);
    const end = await harness.run(harness.order('no-such-command-anywhere'));
    expect(end).toMatchObject({
      failure: { class: 'user', exitCode: 127, message: expect.stringContaining('not found') },
    });
  });

  eachCase('writes its output as it comes', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('echo first; until [ -e go ]; do sleep 0.02; done; echo second');
    harness.engine.launch([order]);
    await harness.printed(order.id, 'first\n');
    expect(harness.endOf(order.id)).toBeUndefined();
    await harness.run(harness.order('touch go'));
    await harness.end(order.id);
    expect(await harness.log(order.id)).toBe('first\nsecond\n');
  });

  eachCase('may have a command of 200 KB', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order(`printf %s "$0 "; x='${'a'.repeat(200_000)}'; echo \${#x}`);
    expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
    expect(await harness.log(order.id)).toMatch(/ 200000\n$/);
  });

  eachCase('gets its command to the last byte', async (subject) => {
    const harness = await Harness.open(subject);
    const text = `ünï "double" \\back $HOME \`tick\` !bang *star* ~ {a,b} #hash; & | < > %s\ttab\nsecond line   spaces 🎈`;
    const order = harness.order(`printf '%s' '${text}'; printf '%s\\n' "it's $((1+1)) \\$x"`);
    await harness.run(order);
    expect(await harness.log(order.id)).toBe(`${text}it's 2 $x\n`);
  });

  eachCase('gets an environment of its own, and no input', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('printf "%s|%s|" "$OWN" "${EMPTY-unset}"; cat; echo "${OLDPWD-none}"', {
      env: { OWN: "it's\n$mine", EMPTY: '' },
    });
    await harness.run(order);
    expect(await harness.log(order.id)).toBe("it's\n$mine||none\n");
  });

  eachCase(
    'gets the environment of its caller too',
    async (subject) => {
      const harness = await Harness.open(subject);
      harness.environment = { ...harness.environment, CALLER: 'from the caller', BOTH: 'caller', EMPTY: '' };
      const order = harness.order('printf "%s|%s|%s" "$CALLER" "$BOTH" "${EMPTY-unset}"', { env: { BOTH: 'step' } });
      await harness.run(order);
      expect(await harness.log(order.id)).toBe('from the caller|step|');
    },
    'environment-of-caller',
  );

  eachCase('runs in its working directory', async (subject) => {
    const harness = await Harness.open(subject);
    const cwd = join(harness.directory, 'a dir with $pecial "chars" and ünicode');
    mkdirSync(cwd);
    const order = harness.order('pwd; echo x > here', { cwd });
    expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
    expect(await harness.log(order.id)).toBe(`${cwd}\n`);
    expect(existsSync(join(cwd, 'here'))).toBe(true);
  });

  eachCase('fails with a clear word when its working directory is not there', async (subject) => {
    const harness = await Harness.open(subject);
    const end = await harness.run(harness.order('true', { cwd: join(harness.directory, 'nowhere') }));
    expect(end).toMatchObject({ state: 'failed', failure: { message: expect.stringContaining('nowhere') } });
  });

  eachCase(
    'fails with a clear word when its shell is not there',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order('', { execution: { mode: 'direct', shell: '/no/such/shell', commands: ['true'] } });
      expect(await harness.run(order)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 127 } });
    },
    'shell-by-path',
  );

  eachCase('fails, and not the engine, when its environment is too large', async (subject) => {
    const harness = await Harness.open(subject);
    const end = await harness.run(harness.order('true', { env: { HUGE: 'x'.repeat(4_000_000) } }));
    expect(end).toMatchObject({
      state: 'failed',
      failure: { message: expect.stringMatching(/E2BIG|environment: HUGE has 4000005 bytes/) },
    });
    expect(await harness.run(harness.order('true'))).toMatchObject({ state: 'succeeded' });
  });

  eachCase('runs a fallback command with sh', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('', {
      execution: { mode: 'fallback', command: 'echo "fell $((40 + 2))"', reasons: ['a test'], digest: 'd' },
    });
    expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
    expect(await harness.log(order.id)).toBe('fell 42\n');
  });

  eachCase('runs several commands one after another and measures each', async (subject) => {
    const harness = await Harness.open(subject);
    const commands = ['echo 1; sleep 0.3', 'echo 2', 'x=$(head -c 30000000 /dev/zero | tr "\\0" a); sleep 0.3; echo 3'];
    const order = harness.order('', { benchmark: true, execution: { mode: 'direct', shell: '/bin/bash', commands } });
    const end = await harness.run(order);
    expect(await harness.log(order.id)).toBe('1\n2\n3\n');
    expect(end).toMatchObject({
      state: 'succeeded',
      usage: [
        { wallMs: expect.any(Number), cpuMs: expect.any(Number), maxRssBytes: expect.any(Number) },
        { wallMs: expect.any(Number) },
        {
          wallMs: expect.any(Number),
          cpuMs: expect.any(Number),
          maxRssBytes: expect.any(Number),
        },
      ],
    });
    const [first, , third] = end.usage;
    expect(third!.maxRssBytes! - first!.maxRssBytes!).toBeGreaterThan(20_000_000);
  });

  eachCase(
    'is measured in what it alone has in memory',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order('x=$(head -c 30000000 /dev/zero | tr "\\0" a); sleep 0.3', { benchmark: true });
      const { usage } = await harness.run(order);
      expect(usage[0]?.maxUssBytes).toBeGreaterThan(20_000_000);
    },
    'unique-set-size',
  );

  eachCase('ends at the first of several commands that fails', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('', {
      execution: { mode: 'direct', shell: '/bin/bash', commands: ['echo 1', 'exit 4', 'echo 3'] },
    });
    expect(await harness.run(order)).toMatchObject({ failure: { class: 'user', exitCode: 4 } });
    expect(await harness.log(order.id)).toBe('1\n');
  });

  eachCase('is taken once however often it is launched', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('echo once >> count');
    harness.engine.launch([order, order]);
    harness.engine.launch([order]);
    await harness.end(order.id);
    harness.engine.launch([order]);
    await harness.run(harness.order('true'));
    expect(readFileSync(join(harness.directory, 'count'), 'utf8')).toBe('once\n');
    expect(harness.statesOf(order.id).filter((state) => state === 'succeeded')).toHaveLength(1);
  });
});
