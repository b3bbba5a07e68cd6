import type { QueueHints } from '../../ports/engine.ts';

export const localQueueHints: QueueHints = {
  unknown: 'Use one of the queues that the message lists, or define it under local.queues in konverge.yaml.',
  tooSmall: 'Ask for less, or raise the quota of a queue under local.queues in konverge.yaml.',
};
