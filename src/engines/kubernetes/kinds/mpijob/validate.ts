import { KonvergeError } from '../../../../domain/error.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { objectNameOf } from '../../names.ts';
import type { KindSurroundings } from '../kind.ts';
import { mpiJobLimits } from './limits.ts';
import { workerName } from './members.ts';

/** The operator has no webhook: what it does not take it leaves lying, with an event that nobody reads. */
export function validateMpiJob({ id, spec }: WorkOrder, { context }: KindSurroundings): KonvergeError | undefined {
  const { rule, services, resources, execution, staging } = spec;
  const { mpi } = resources;
  if (mpi === undefined) return unfit(rule, `${mpiJobLimits.mpi}; it has no resources mpi and tasks`);
  if (services.length > 0) return unfit(rule, mpiJobLimits.services);
  if (execution.mode === 'fallback' && staging !== undefined && mpi.nodes > 1) {
    return unfit(rule, `${mpiJobLimits.fallback} (${execution.reasons.join('; ')})`);
  }
  if (execution.mode === 'group' && staging !== undefined && mpi.nodes > 1) {
    return unfit(rule, `${mpiJobLimits.group}; take the MPI rule out of its group, or set nodes=1`);
  }
  const last = workerName(objectNameOf(context.run, id, rule, 'mpijob'), mpi.nodes - 2);
  return last.length > 63 ? unfit(rule, `the name ${last} has more than 63 characters`) : undefined;
}

function unfit(rule: string, reason: string): KonvergeError {
  return new KonvergeError('operator-unfit', `rule ${rule}: it cannot be an MPIJob: ${reason}`);
}
