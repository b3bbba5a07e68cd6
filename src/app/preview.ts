import { asKonvergeError, type ErrorBody } from '../domain/error.ts';
import { stepIdOf, stepKeyOf } from '../domain/identity.ts';
import type { CoreContext } from './context.ts';
import { type Explanation, explanationOf } from './explain.ts';
import { place } from './placement.ts';
import type { SubmitItem } from './submit.ts';

/** What would become of a step if it were submitted now. */
export type Preview =
  | { readonly ref: string; readonly outcome: 'planned'; readonly explanation: Explanation }
  | { readonly ref: string; readonly outcome: 'refused'; readonly error: ErrorBody };

/** Decides about steps as `submit` does, and keeps and starts nothing: a dry run. `root`: the working directory. */
export function preview(core: CoreContext, root: string, items: readonly SubmitItem[]): readonly Preview[] {
  return items.map((item): Preview => {
    const { ref } = item;
    if ('error' in item) return { ref, outcome: 'refused', error: item.error.toBody() };
    try {
      const { spec, queue, choice } = place(item.spec, core.engine);
      const key = stepKeyOf(root, item.spec);
      const generation = (core.store.newestOfKey(key)?.generation ?? 0) + 1;
      const id = stepIdOf(key, spec.attempt, generation);
      const refusal = core.engine.check({ id, spec, kind: choice.kind, queue, sequence: 0 });
      if (refusal) throw refusal;
      const record = { id, spec, queue, kind: choice.kind, kindReason: choice.reason, engine: core.engine.name };
      return { ref, outcome: 'planned', explanation: explanationOf(core, { ...record, state: 'planned' }, null) };
    } catch (error) {
      return { ref, outcome: 'refused', error: asKonvergeError(error).toBody() };
    }
  });
}
