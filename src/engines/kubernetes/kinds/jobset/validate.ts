import { KonvergeError } from '../../../../domain/error.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { objectNameOf } from '../../names.ts';
import type { KindSurroundings } from '../kind.ts';
import { jobSetLimits, maxPodSets } from './limits.ts';
import { longestPodName, memberName } from './members.ts';

/** JobSet's webhook would refuse most of it too, but not in words of the rule. */
export function validateJobSet({ id, spec }: WorkOrder, { context }: KindSurroundings): KonvergeError | undefined {
  const { rule, services, resources } = spec;
  const nodes = resources.mpi?.nodes ?? 1;
  if (nodes > 1) return unfit(rule, `${jobSetLimits.nodes}; it asks for ${nodes}`);
  if (services.length >= maxPodSets) return unfit(rule, `${jobSetLimits.podSets}; it has ${services.length} services`);
  const name = objectNameOf(context.run, id, rule, 'jobset');
  const tooLong = services.find((service) => longestPodName(name, memberName(service), service.replicas).length > 63);
  if (tooLong) return unfit(rule, `${jobSetLimits.names}; service ${tooLong.name} has ${tooLong.replicas}`);
  return undefined;
}

function unfit(rule: string, reason: string): KonvergeError {
  return new KonvergeError('operator-unfit', `rule ${rule}: it cannot be a JobSet: ${reason}`);
}
