import { createHash } from 'node:crypto';
import type { RequestHash, StepId, StepKey } from './brand.ts';
import type { Execution, StepSpec } from './step.ts';

/**
 * The identity of a step (design.md 12.1): what it makes and where. Two processes that ask for the same outputs of the
 * same rule in the same place mean the same step.
 */
export function stepKeyOf(root: string, spec: Pick<StepSpec, 'rule' | 'outputs' | 'label'>): StepKey {
  // A step without outputs is told apart by its wildcards, which the label spells out.
  const made = spec.outputs.length > 0 ? [...spec.outputs].sort() : ['label', spec.label];
  return digest([root, spec.rule, ...made]) as StepKey;
}

/**
 * What must be equal for a step that already runs, or has ended untold, to stand for a new request. The working directory
 * (a fresh shadow directory each time), the front end's handle and the attempt (counted anew by a new process) are left
 * out on purpose.
 */
export function requestHashOf(spec: StepSpec): RequestHash {
  const { execution } = spec;
  return digest([
    workOf(execution),
    spec.container ?? '',
    canonical(spec.resources),
    canonical(spec.services),
    ...(spec.security || spec.pod ? [canonical([spec.security, spec.pod])] : []),
    ...(spec.fluxView ? [`flux view ${spec.fluxView}`] : []),
    ...(spec.topology ? [`topology ${canonical(spec.topology)}`] : []),
    ...spec.inputs.map(({ path, version }) => `${path}\0${version}`).sort(),
  ]) as RequestHash;
}

function workOf(execution: Execution): string {
  switch (execution.mode) {
    case 'direct':
      return JSON.stringify([execution.shell, execution.commands]);
    case 'group':
      return `group ${canonical(execution.levels)}`;
    case 'fallback':
      return `fallback ${execution.digest}`;
  }
}

export function stepIdOf(key: StepKey, attempt: number, generation: number): StepId {
  return `${key.slice(0, 16)}-a${attempt}-g${generation}` as StepId;
}

function digest(parts: readonly string[]): string {
  const hash = createHash('sha256');
  // Length first, so that no two lists of parts run into each other.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}

/** JSON with sorted keys: equal data gives equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
