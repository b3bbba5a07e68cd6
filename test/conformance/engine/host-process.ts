/**
 * A process that hosts an engine, to be killed: `node host-process.ts SUBJECT DIRECTORY` with one JSON message on stdin,
 * `{ queues, orders, later }`; `later` is launched once all of `orders` run. Writes what it observes, a line of JSON each.
 */
import { text } from 'node:stream/consumers';
import type { QueueSettings } from '../../../src/engines/local/config.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { noStaging } from '../../../src/ports/no-staging.ts';
import { subjectOf } from './subjects.ts';

const [, , subject = '', directory = ''] = process.argv;
const { queues, orders, later } = JSON.parse(await text(process.stdin)) as {
  readonly queues: readonly QueueSettings[];
  readonly orders: readonly WorkOrder[];
  readonly later: readonly WorkOrder[];
};
const awaited = new Set(orders.map(({ id }) => id));
const engine = subjectOf(subject).open(
  { directory, queues },
  {
    observe: (observations) => {
      process.stdout.write(observations.map((seen) => `${JSON.stringify(seen)}\n`).join(''));
      for (const { step, state } of observations) {
        if (state === 'running' && awaited.delete(step) && awaited.size === 0) engine.launch(later);
      }
    },
    environmentOf: () => ({ PATH: process.env['PATH'] ?? '' }),
    ownVariablesOf: () => ({}),
    staging: noStaging,
    clock: { nowMs: () => Date.now() },
    logger: silentLogger,
  },
);
engine.launch(orders);
// Stays until it is killed, whatever becomes of the steps.
setInterval(() => undefined, 60_000);
