import type { StagedFile, StagingPlan } from '../domain/staging.ts';
import type { CallContext } from './agent-context.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { missingOutputs } from './output-checks.ts';
import { keyOf, seeObjects } from './see-objects.ts';
import { below } from './transfer-plan.ts';

/** Sees every output and the benchmark in storage; of a directory, anything below its key. `output-missing` names what is not. */
export async function verify(context: CallContext, plan: StagingPlan, signal: AbortSignal): Promise<void> {
  const directories = plan.outputs.filter(({ kind }) => kind === 'directory');
  const files = [...plan.outputs.filter(({ kind }) => kind === 'file'), ...(plan.benchmark ? [plan.benchmark] : [])];
  const seen = await seeObjects(
    context,
    files.map(({ at }) => at),
    signal,
  );
  const missing: StagedFile[] = files.filter(({ at }) => !seen.has(keyOf(at)));
  await forEachBounded(directories, 32, signal, async (directory, signal) => {
    const { at } = directory;
    const found = await context.requests.run(signal, async () => {
      for await (const _ of context.store(at.store).list(below(at), { limit: 1, signal })) return true;
      return false;
    });
    if (!found) missing.push(directory);
  });
  if (missing.length > 0) throw missingOutputs(missing);
}
