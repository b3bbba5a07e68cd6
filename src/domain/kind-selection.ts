import { KonvergeError } from './error.ts';
import { operatorNames, operatorOfKind, type WorkloadKind, workloadKinds } from './kind.ts';
import type { ResourceRequest } from './resources.ts';

/** Whether an engine serves a kind, and if not, why. */
export type ServedKind = { readonly served: true } | { readonly served: false; readonly reason: string };

export type ServedKinds = Readonly<Record<WorkloadKind, ServedKind>>;

export interface KindChoice {
  readonly kind: WorkloadKind;
  /** The rule that matched, as a sentence for `explain`. */
  readonly reason: string;
}

export interface KindQuestion {
  readonly rule: string;
  /** What the author wrote in `kueue_operator`, if anything. */
  readonly operator?: string;
  readonly resources: ResourceRequest;
  readonly serviceNames: readonly string[];
}

/**
 * Chooses the workload kind of a step by the first rule that matches (design.md section 5).
 * Throws `operator-unknown`, `operator-unfit` or `kind-unserved`, each with the reason.
 */
export function selectKind(question: KindQuestion, served: ServedKinds): KindChoice {
  const { rule, operator, resources, serviceNames } = question;
  const needsSeveralNodes = (resources.mpi?.nodes ?? 1) > 1;

  if (operator !== undefined) {
    const kind = operatorNames[operator.toLowerCase()];
    if (kind === undefined) {
      throw new KonvergeError(
        'operator-unknown',
        `rule ${rule}: kueue_operator=${JSON.stringify(operator)} is not known; known are ${Object.keys(operatorNames).join(', ')}`,
      );
    }
    const misfit = misfitOf(kind, question, needsSeveralNodes);
    if (misfit)
      throw new KonvergeError('operator-unfit', `rule ${rule}: kueue_operator=${operator} cannot serve it: ${misfit}`);
    return requireServed(rule, { kind, reason: `kueue_operator is ${operator}` }, served);
  }
  if (serviceNames.length > 0) {
    return requireServed(rule, { kind: 'jobset', reason: `it has services (${serviceNames.join(', ')})` }, served);
  }
  if (resources.mpi && needsSeveralNodes) {
    const why = `mpi with ${resources.mpi.tasks} tasks on ${resources.mpi.nodes} nodes`;
    if (served.mpijob.served) return { kind: 'mpijob', reason: why };
    if (served.minicluster.served) {
      return { kind: 'minicluster', reason: `${why}, and MPIJob is not served: ${served.mpijob.reason}` };
    }
    throw new KonvergeError(
      'kind-unserved',
      `rule ${rule}: ${why} needs the MPI Operator (${served.mpijob.reason}) or the Flux Operator (${served.minicluster.reason})`,
    );
  }
  if (resources.mpi) {
    return requireServed(rule, { kind: 'job', reason: 'mpi on one node: mpirun runs inside it' }, served);
  }
  return requireServed(rule, { kind: 'job', reason: 'a plain step' }, served);
}

function misfitOf(kind: WorkloadKind, question: KindQuestion, needsSeveralNodes: boolean): string | undefined {
  const services = question.serviceNames.length > 0;
  switch (kind) {
    case 'job':
      if (services) return 'a Job has no services; a JobSet has';
      return needsSeveralNodes ? 'a Job has one node; an MPIJob or a MiniCluster has several' : undefined;
    case 'jobset':
      return needsSeveralNodes ? 'a JobSet does not start MPI ranks across nodes' : undefined;
    case 'mpijob':
      if (services) return 'an MPIJob has no services; a JobSet has';
      return question.resources.mpi ? undefined : 'the rule has no resources mpi and tasks';
    case 'minicluster':
      return services ? 'a MiniCluster has no services of ours; a JobSet has' : undefined;
  }
}

function requireServed(rule: string, choice: KindChoice, served: ServedKinds): KindChoice {
  const entry = served[choice.kind];
  if (entry.served) return choice;
  throw new KonvergeError(
    'kind-unserved',
    `rule ${rule}: ${choice.reason}, so it needs a ${choice.kind}, which ${operatorOfKind[choice.kind]} brings: ${entry.reason}`,
  );
}

/** Every kind served: engines that run all of them on the host start from this. */
export function allKindsServed(): ServedKinds {
  return Object.fromEntries(workloadKinds.map((kind) => [kind, { served: true }])) as unknown as ServedKinds;
}
