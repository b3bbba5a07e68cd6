import type { ObjectStoreServer } from '../../object-store-server/server.ts';
import { lookInto } from './bucket.ts';
import { Random } from './random.ts';
import { Round, type RoundResult } from './round.ts';

export interface LoopResult {
  readonly rounds: readonly RoundResult[];
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
  const undisturbed = new Round(server, 'undisturbed');
  const { seconds } = await undisturbed.run();
  undisturbed.remove();
  const expected = await lookInto(server, undisturbed.bucket);
  const rounds: RoundResult[] = [];
  const faults: string[] = [];
  // A round in which the run was over before the kill says nothing, and is not counted.
  for (let seed = options.seed; rounds.length + faults.length < options.rounds; seed += 1) {
    const round = new Round(server, `round-${seed}`);
    const found: string[] = [];
    try {
      const result = await round.run(new Random(seed), 3, seconds * 1000);
      if (result.kills.length > 0) rounds.push(result);
      const bucket = await lookInto(server, round.bucket);
      for (const key of new Set([...Object.keys(expected.objects), ...Object.keys(bucket.objects)])) {
        if (bucket.objects[key] !== expected.objects[key]) found.push(`${key} differs from that of an undisturbed run`);
      }
      if (bucket.openUploads.length > 0) found.push(`uploads are left open: ${bucket.openUploads.join(', ')}`);
      if (bucket.manifests.length > 0) found.push(`manifests are left: ${bucket.manifests.join(', ')}`);
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
