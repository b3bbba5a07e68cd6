import { KonvergeError } from '../../domain/error.ts';
import { demandOfStep, shortfalls } from '../../domain/queue.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import type { LocalConfig } from './config.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import { queueOf } from './process-plan.ts';
import { localQueueHints } from './queue-hints.ts';

/** Why a step could never run here, if so. `containers` is asked only when the step wants one. */
export function refusalOf(
  order: WorkOrder,
  config: LocalConfig,
  containers: () => ContainerRuntime,
): KonvergeError | undefined {
  const { rule, container, services } = order.spec;
  const queue = queueOf(order, config);
  if (queue === undefined) {
    const names = config.queues.map(({ name }) => name).join(', ');
    return new KonvergeError('queue-unknown', `rule ${rule}: there is no queue ${order.queue}; there are ${names}`, {
      hint: localQueueHints.unknown,
    });
  }
  const short = shortfalls(demandOfStep(order.spec, queue.quota), queue.quota);
  if (short.length > 0) {
    return new KonvergeError(
      'never-fits',
      `rule ${rule}: it asks for more than queue ${queue.name} ever has: ${short.join(', ')}`,
      { hint: localQueueHints.tooSmall },
    );
  }
  const wantsContainer =
    container !== undefined || (config.containers === 'on' && services.some(({ image }) => image !== undefined));
  if (!wantsContainer) return undefined;
  const runtime = containers();
  if (runtime.works) return undefined;
  return new KonvergeError(
    'container-runtime-missing',
    `rule ${rule}: it wants a container, but none can be run: ${runtime.reason}`,
  );
}
