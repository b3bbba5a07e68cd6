import { KonvergeError } from '../domain/error.ts';
import { type KindChoice, selectKind } from '../domain/kind-selection.ts';
import { demandOfStep, fits, type NodeSpread, type Queue, shortfalls } from '../domain/queue.ts';
import type { StepSpec } from '../domain/step.ts';
import type { Engine, EngineCapabilities, QueueHints } from '../ports/engine.ts';

/** Where a step goes and as what. */
export interface Placement {
  readonly spec: StepSpec;
  readonly queue: string;
  readonly choice: KindChoice;
}

/**
 * Chooses kind and queue of a step. Throws what a person must hear at once: an unknown operator or queue, a kind that is
 * not served, a stated request that no queue can ever hold.
 */
export function place(spec: StepSpec, engine: Pick<Engine, 'capabilities' | 'queues'>): Placement {
  const queues = engine.queues();
  const counted = withCountedResources(spec, queues);
  const choice = selectKind(
    {
      rule: spec.rule,
      ...(spec.operator !== undefined && { operator: spec.operator }),
      resources: spec.resources,
      serviceNames: spec.services.map((service) => service.name),
    },
    engine.capabilities.kinds,
  );
  return { spec: counted, queue: chooseQueue(counted, queues, engine.capabilities), choice };
}

/** Snakemake users invent resources to steer its own scheduler; only those that a queue has a quota for are ours. */
function withCountedResources(spec: StepSpec, queues: readonly Queue[]): StepSpec {
  const counted = Object.entries(spec.resources.custom).filter(([name]) =>
    queues.some((queue) => queue.quota.custom[name] !== undefined),
  );
  return { ...spec, resources: { ...spec.resources, custom: Object.fromEntries(counted) } };
}

type Offer = Pick<EngineCapabilities, 'queueHints' | 'nodes'>;

/** The queue that is asked for; else `default`, or the first, if the step fits there; else the first in which it fits. */
function chooseQueue(spec: StepSpec, queues: readonly Queue[], { queueHints: hints, nodes }: Offer): string {
  if (spec.queue !== undefined) {
    const queue = queues.find(({ name }) => name === spec.queue);
    if (!queue) {
      throw new KonvergeError(
        'queue-unknown',
        `rule ${spec.rule}: there is no queue ${JSON.stringify(spec.queue)}; there are: ${queues.map(({ name }) => name).join(', ')}`,
        { hint: hints.unknown },
      );
    }
    refuseUnlessFits(spec, [queue], hints, nodes);
    return queue.name;
  }
  const byPreference = [...queues].sort((a, b) => Number(b.name === 'default') - Number(a.name === 'default'));
  const queue = byPreference.find(({ quota }) => fits(demandOfStep(spec, quota, nodes), quota));
  if (!queue) refuseUnlessFits(spec, byPreference, hints, nodes);
  return queue?.name ?? 'default';
}

function refuseUnlessFits(spec: StepSpec, queues: readonly Queue[], hints: QueueHints, nodes: NodeSpread): void {
  const misfits = queues.map((queue) => ({
    name: queue.name,
    short: shortfalls(demandOfStep(spec, queue.quota, nodes), queue.quota),
  }));
  if (misfits.some(({ short }) => short.length === 0)) return;
  const where = misfits.map(({ name, short }) => `queue ${name}: wants ${short.join(', ')}`).join('; ');
  throw new KonvergeError('never-fits', `rule ${spec.rule} can never run: ${where}`, { hint: hints.tooSmall });
}
