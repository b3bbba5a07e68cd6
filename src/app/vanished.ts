import type { SessionId } from '../domain/brand.ts';
import { asKonvergeError } from '../domain/error.ts';
import { stepKeyOf } from '../domain/identity.ts';
import type { CoreContext } from './context.ts';
import type { SubmitItem } from './submit.ts';

/** How long an answer of storage is waited for. */
const verifyMs = 60_000;

/**
 * An untold success of an earlier session stands for a new request only as long as what it made is still in storage. Those
 * whose outputs somebody has removed are settled here, so that they run again.
 */
export async function forgetVanished(
  core: CoreContext,
  session: SessionId,
  root: string,
  items: readonly SubmitItem[],
): Promise<void> {
  const { ledger, staging, logger } = core;
  const successes = items.flatMap((item) => {
    const live = 'spec' in item ? ledger.liveOfKey(stepKeyOf(root, item.spec)) : undefined;
    const plan = live?.spec.staging;
    return live?.state === 'succeeded' && live.session !== session && plan ? [{ live, plan }] : [];
  });
  await Promise.all(
    successes.map(async ({ live, plan }) => {
      try {
        await staging.verify(plan, AbortSignal.timeout(verifyMs));
      } catch (thrown) {
        const { code, message } = asKonvergeError(thrown);
        // A store that does not answer is no proof; the front end will look for itself.
        if (code !== 'output-missing') return;
        logger.info({ step: live.id, why: message }, 'what an earlier run has made is gone; the step runs again');
        ledger.settle([live]);
      }
    }),
  );
}
