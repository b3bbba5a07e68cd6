import { failureOf } from './errors.ts';

/**
 * Sends a body. A store that refuses it may close the connection before it has read all, and then its answer is lost. So when
 * a connection broke, `ask` makes a small request for the same thing: if that says that something is missing, this is the
 * error, and nobody waits for the connection to get better.
 */
export async function askingAfterLoss<Result>(
  send: () => Promise<Result>,
  ask: () => Promise<unknown>,
): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    const { system } = failureOf(error);
    if (system === 'ECONNRESET' || system === 'EPIPE') {
      await ask().catch((reason: unknown) => {
        if (failureOf(reason).status === 404) throw reason;
      });
    }
    throw error;
  }
}
