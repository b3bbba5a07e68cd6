import { KonvergeError } from '../../../../domain/error.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { objectNameOf } from '../../names.ts';
import { workplaceOf } from '../../pod/workplace.ts';
import type { KindSurroundings } from '../kind.ts';
import { miniClusterLimits } from './limits.ts';
import { longestPodName, tasksOf, tasksPerPod } from './members.ts';
import { miniClusterLayout } from './place.ts';
import { unmountable, unpatchable } from './pod-fields.ts';

/** The operator has no webhook: what it does not take it says in its own log alone. */
export function validateMiniCluster(
  { id, spec }: WorkOrder,
  surroundings: KindSurroundings,
): KonvergeError | undefined {
  const { settings, context } = surroundings;
  const { rule, services, resources, execution, staging, gates = [] } = spec;
  const mpi = tasksOf(resources);
  if (services.length > 0) return unfit(rule, miniClusterLimits.services);
  if (gates.length > 0) return unfit(rule, miniClusterLimits.annotations);
  if (execution.mode === 'fallback' && staging !== undefined && mpi.nodes > 1) {
    return unfit(rule, `${miniClusterLimits.fallback} (${execution.reasons.join('; ')})`);
  }
  if (execution.mode === 'group' && staging !== undefined && mpi.nodes > 1) {
    return unfit(rule, `${miniClusterLimits.group}; take the MPI rule out of its group, or set nodes=1`);
  }
  const volumes = unmountable(settings.volumes);
  if (volumes.length > 0) return unfit(rule, `${miniClusterLimits.volumes}: ${volumes.join(', ')}`);
  const fields = [...new Set([...unpatchable(settings.pod), ...unpatchable(spec.pod)])];
  if (fields.length > 0) return unfit(rule, `${miniClusterLimits.pod}: ${fields.join(', ')}`);
  const { workdir } = workplaceOf(spec, settings, miniClusterLayout);
  // The operator's script expands it unquoted.
  if (!/^[\w./,:@%+=-]+$/.test(workdir))
    return unfit(rule, `its directory ${workdir} has characters that it cannot pass`);
  if (mpi.tasks < mpi.nodes) return wrong(rule, `tasks=${mpi.tasks} cannot be spread over nodes=${mpi.nodes}`);
  const longest = longestPodName(objectNameOf(context.run, id, rule, 'minicluster'), mpi.nodes);
  if (longest.length > 63) return unfit(rule, `the name ${longest} has more than 63 characters`);
  return coresRefusal(spec, surroundings);
}

function coresRefusal(
  { rule, resources }: WorkOrder['spec'],
  { context: { nodeCores } }: KindSurroundings,
): KonvergeError | undefined {
  const tasks = tasksPerPod(tasksOf(resources));
  const cores = tasks * Math.max(1, Math.ceil(resources.cpuMillis / 1000));
  if (nodeCores === undefined || cores <= nodeCores) return undefined;
  const asks = `${tasks} tasks on each node need ${cores} cores, and the largest node has ${nodeCores}`;
  return wrong(rule, `${miniClusterLimits.cores}: ${asks}`);
}

function unfit(rule: string, reason: string): KonvergeError {
  return new KonvergeError('operator-unfit', `rule ${rule}: it cannot be a MiniCluster: ${reason}`);
}

function wrong(rule: string, reason: string): KonvergeError {
  return new KonvergeError('resource-invalid', `rule ${rule}: ${reason}`, {
    hint: 'Ask for fewer tasks, for fewer cpus_per_task, or for more nodes.',
  });
}
