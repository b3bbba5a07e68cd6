// Long forms of what CI runs shortly, and what it does not run: `npm run chaos -- kill-loop [--rounds 100] [--seed 1]`,
// `npm run chaos -- soak [--minutes 10]` (on the testbed, which has to be up).
import { parseArgs } from 'node:util';
import { runMain, Stop } from '../../tools/setup/stop.mjs';
import { startObjectStoreServer } from '../object-store-server/server.ts';
import { livingDaemons } from '../testbed/owner.ts';
import { placeOf } from '../testbed/place.ts';
import { killLoop } from './kill-loop/loop.ts';
import { soak } from './soak/soak.ts';

const usage = `usage: npm run chaos -- kill-loop [--rounds N] [--seed N]
       npm run chaos -- soak [--minutes N]`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (summary: object): void => void process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);

await runMain(async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '10' },
    },
  });
  if (positionals.length === 1 && positionals[0] === 'kill-loop')
    return runKillLoop(Number(values.rounds), Number(values.seed));
  if (positionals.length === 1 && positionals[0] === 'soak' && Number(values.minutes) > 0)
    return runSoak(Number(values.minutes));
  throw new Stop(usage);
});

async function runKillLoop(count: number, seed: number): Promise<number> {
  const server = await startObjectStoreServer();
  try {
    const { rounds, faults } = await killLoop(server, { rounds: count, seed, say });
    const kills = rounds.flatMap((round) => round.kills);
    const byVictim = Object.groupBy(kills, ({ victim }) => victim);
    print({
      rounds: rounds.length,
      kills: Object.fromEntries(Object.entries(byVictim).map(([victim, hits]) => [victim, hits?.length ?? 0])),
      calls: rounds.reduce((sum, { calls }) => sum + calls, 0),
      manifestsLeft: rounds.reduce((sum, { manifestsLeft }) => sum + manifestsLeft, 0),
      begunAgain: rounds.flatMap(({ begun }) => Object.keys(begun).filter((name) => (begun[name] ?? 0) > 1)),
      mostCommitsOfAStep: Math.max(0, ...rounds.map(({ commits }) => commits)),
      faults,
    });
    return faults.length === 0 && rounds.length === count ? 0 : 1;
  } finally {
    await server.stop();
  }
}

async function runSoak(minutes: number): Promise<number> {
  if (livingDaemons(placeOf(process.env).daemons).length === 0) {
    throw new Stop('the soak runs on the testbed, and none is up: sudo npm run testbed -- up');
  }
  const result = await soak(minutes, say);
  print(result);
  return result.faults.length === 0 ? 0 : 1;
}
