/**
 * A process that hosts an engine, to be killed: `node host-process.ts SUBJECT STATE_DIR` with one JSON message on stdin,
 * `{ queues, orders }`. Writes what it observes, a line of JSON each.
 */
import { text } from 'node:stream/consumers';
import type { QueueSettings } from '../../../src/engines/local/config.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { noStaging } from '../../../src/ports/no-staging.ts';
import { subjectOf } from './subjects.ts';

const [, , subject = '', stateDir = ''] = process.argv;
const { queues, orders } = JSON.parse(await text(process.stdin)) as {
  readonly queues: readonly QueueSettings[];
  readonly orders: readonly WorkOrder[];
};
const engine = subjectOf(subject).open(
  { stateDir, queues },
  {
    observe: (observations) => process.stdout.write(observations.map((seen) => `${JSON.stringify(seen)}\n`).join('')),
    environmentOf: () => ({ PATH: process.env['PATH'] ?? '' }),
    staging: noStaging,
    clock: { nowMs: () => Date.now() },
    logger: silentLogger,
  },
);
engine.launch(orders);
// Stays until it is killed, whatever becomes of the steps.
setInterval(() => undefined, 60_000);
