import type { StepId } from '../domain/brand.ts';
import { KonvergeError } from '../domain/error.ts';
import { isWaiting } from '../domain/state.ts';
import type { CoreContext } from './context.ts';

/**
 * Gives a step that waits another priority class. Throws `not-found`, `not-supported`, `step-not-waiting` and what the engine
 * throws.
 */
export async function changePriority(
  { engine, ledger, store }: CoreContext,
  id: StepId,
  priorityClass: string,
  signal: AbortSignal,
): Promise<void> {
  const record = ledger.get(id) ?? store.step(id);
  if (!record) throw new KonvergeError('not-found', `there is no step ${id}`);
  if (!engine.changePriority) {
    throw new KonvergeError('not-supported', `the ${engine.name} engine has no priority classes`, {
      hint: 'On the local engine a queue has a priority: local.queues.NAME.priority in konverge.yaml.',
    });
  }
  if (!isWaiting(record.state)) {
    throw new KonvergeError('step-not-waiting', `${record.spec.label} is ${record.state}: its priority stays as it is`);
  }
  await engine.changePriority(id, priorityClass, signal);
  // Whatever runs it again runs it so.
  const now = ledger.get(id);
  if (now) ledger.change({ ...now, spec: { ...now.spec, priorityClass } });
}
