import { expect } from 'vitest';
import { ClusterHarness, faultTest } from './harness.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('sizes');

faultTest('an environment of 5 MB is refused before anything is submitted', async () => {
  await using harness = await ClusterHarness.open(place());
  const env = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`LARGE_${index}`, 'x'.repeat(100_000)]));
  const refusal = {
    code: 'resource-invalid',
    message: expect.stringMatching(/^rule fault: .*environment \d{7}.* and a Secret holds 1048576$/),
  };
  const order = harness.order('true', { env });
  expect(harness.engine.check(order)).toMatchObject(refusal);
  // Whoever launches it all the same gets the same words, and nothing stays behind.
  expect(await harness.failure(order)).toMatchObject(refusal);
  expect(await harness.leftOf(order.id)).toEqual([]);
});

faultTest('one variable that no process can have', async () => {
  await using harness = await ClusterHarness.open(place());
  expect(harness.engine.check(harness.order('true', { env: { HUGE: 'x'.repeat(200_000) } }))).toMatchObject({
    code: 'resource-invalid',
    message: 'rule fault, environment: HUGE has 200005 bytes, and one variable may have 131071',
  });
});

faultTest('a command of 900 kB runs, one of more than 1 MB is refused', async () => {
  await using harness = await ClusterHarness.open(place());
  const long = (bytes: number): string => `: ${'x'.repeat(bytes)}\necho ran`;
  const order = harness.order(long(900_000));
  expect((await harness.run(order)).state).toBe('succeeded');
  expect(await harness.log(order.id)).toBe('ran\n');
  expect(harness.engine.check(harness.order(long(2 ** 20)))).toMatchObject({
    code: 'resource-invalid',
    message: expect.stringMatching(
      /commands 10\d{5}, environment \d+, list of files \d+\), and a Secret holds 1048576$/,
    ),
  });
});

faultTest('100,000 lines a second: the step goes on, the agent lives, and the end of its log is told', async () => {
  await using harness = await ClusterHarness.open(place());
  const flood = `import sys, time
begin = time.time()
number = 0
while time.time() - begin < 4:
    sys.stdout.write(''.join(f'line {n}\\n' for n in range(number, number + 10000)))
    number += 10000
    time.sleep(max(0, begin + number / 100000 - time.time()))
print('lines', number)
sys.stderr.write('the last word\\n')
sys.exit(9)`;
  const order = harness.order(`exec python3 -c "${flood}"`);
  const id = harness.launch(order);
  const { failure } = await harness.failed(id);
  expect(failure).toMatchObject({ class: 'user', exitCode: 9 });
  const log = await harness.log(id);
  expect(log).toMatch(/\[\d{5,} lines left out here\]\n/);
  expect(log).toMatch(/\nlines \d{5,}\n$/);
  expect(await harness.log(id, 'stderr')).toBe('the last word\n');
  const told = log.split('\n').filter((line) => line.startsWith('line ')).length;
  const leftOut = [...log.matchAll(/\[(\d+) lines left out here\]/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  expect(told + leftOut).toBe(Number(/\nlines (\d+)\n$/.exec(log)?.[1]));
});
