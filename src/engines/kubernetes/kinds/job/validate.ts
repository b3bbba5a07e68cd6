import { KonvergeError } from '../../../../domain/error.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { jobLimits } from './limits.ts';

/** What kind selection would not have chosen; an order may come from elsewhere. */
export function validateJob({ spec }: WorkOrder): KonvergeError | undefined {
  if (spec.services.length > 0) return unfit(spec.rule, jobLimits.services);
  const nodes = spec.resources.mpi?.nodes ?? 1;
  return nodes > 1 ? unfit(spec.rule, `${jobLimits.nodes}; it asks for ${nodes}`) : undefined;
}

function unfit(rule: string, reason: string): KonvergeError {
  return new KonvergeError('operator-unfit', `rule ${rule}: it cannot be a Job: ${reason}`);
}
