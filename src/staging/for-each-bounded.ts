/**
 * Works on all items, so many at once. After the first failure no more are begun and those that run are aborted; it throws
 * that failure when all of them have ended, so nothing of it goes on behind the caller's back.
 */
export async function forEachBounded<T>(
  items: Iterable<T>,
  limit: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const iterator = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    while (!either.aborted) {
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await work(next.value, either);
      } catch (error) {
        failed.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  // If the caller aborted, what failed then only failed for that.
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
}
