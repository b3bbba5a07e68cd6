import type { ObjectStoreServer } from '../../object-store-server/server.ts';
import { type BucketFacts, lookInto } from './bucket.ts';
import { Random } from './random.ts';
import { Round, type RoundResult } from './round.ts';

export interface LoopResult {
  /**
   * `manifestsLeft`: of commits that were whole when the core was killed. The next run that has anything to do removes them;
   * here the last one had nothing.
   */
  readonly rounds: readonly (RoundResult & { readonly manifestsLeft: number })[];
  /** Each with the round and the seed that repeats it. */
  readonly faults: readonly string[];
}

/**
 * Rounds of one workflow, each in a directory and bucket of its own, with random victims killed (SIGKILL) at random moments
 * and `snakemake` called again until it succeeds. Then every object must be that of an undisturbed run, no step may have
 * been committed twice, and nothing may be left open in storage.
 */
export async function killLoop(
  server: ObjectStoreServer,
  options: { readonly rounds: number; readonly seed: number; readonly say: (line: string) => void },
): Promise<LoopResult> {
  const { seconds, objects: kept } = await undisturbed(server, 'undisturbed', []);
  // A Snakemake that is killed before it removes a temp() file leaves it, with its own executor too: it may be there.
  const { objects: all } = await undisturbed(server, 'undisturbed-notemp', ['--notemp']);
  const rounds: (RoundResult & { readonly manifestsLeft: number })[] = [];
  const faults: string[] = [];
  // A round in which the run was over before the kill says nothing, and is not counted.
  for (let seed = options.seed; rounds.length + faults.length < options.rounds; seed += 1) {
    const round = new Round(server, `round-${seed}`);
    const found: string[] = [];
    try {
      const result = await round.run(new Random(seed), 3, seconds * 1000);
      const bucket = await lookInto(server.settings, round.bucket);
      if (result.kills.length > 0) rounds.push({ ...result, manifestsLeft: bucket.manifests.length });
      for (const key of Object.keys(kept)) if (!(key in bucket.objects)) found.push(`${key} is missing`);
      for (const [key, digest] of Object.entries(bucket.objects)) {
        if (digest !== all[key]) found.push(`${key} differs from that of an undisturbed run`);
      }
      if (bucket.openUploads.length > 0) found.push(`uploads are left open: ${bucket.openUploads.join(', ')}`);
      if (result.commits > 1) found.push(`a step was committed ${result.commits} times`);
      const killed = result.kills.map(({ victim, afterMs }) => `${victim} after ${afterMs} ms`).join(', ');
      options.say(`seed ${seed}: ${killed || 'nobody was hit'}; ${result.calls} calls, ${result.seconds.toFixed(1)} s`);
    } catch (error) {
      found.push((error as Error).message);
    }
    faults.push(...found.map((fault) => `seed ${seed} (${round.place}): ${fault}`));
    if (found.length === 0) round.remove();
    else options.say(found.join('\n'));
  }
  return { rounds, faults };
}

async function undisturbed(
  server: ObjectStoreServer,
  bucket: string,
  flags: readonly string[],
): Promise<{ readonly seconds: number; readonly objects: BucketFacts['objects'] }> {
  const round = new Round(server, bucket, flags);
  const { seconds } = await round.run();
  round.remove();
  return { seconds, objects: (await lookInto(server.settings, bucket)).objects };
}
