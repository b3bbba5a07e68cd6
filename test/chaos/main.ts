// Long forms of what CI runs shortly: `npm run chaos -- kill-loop [--rounds 100] [--seed 1]`.
import { parseArgs } from 'node:util';
import { startObjectStoreServer } from '../object-store-server/server.ts';
import { killLoop } from './kill-loop/loop.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
if (positionals[0] !== 'kill-loop') {
  process.stderr.write('usage: npm run chaos -- kill-loop [--rounds N] [--seed N]\n');
  process.exit(2);
}
const server = await startObjectStoreServer();
try {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const { rounds, faults } = await killLoop(server, { rounds: Number(values.rounds), seed: Number(values.seed), say });
  const kills = rounds.flatMap((round) => round.kills);
  const byVictim = Object.groupBy(kills, ({ victim }) => victim);
  const summary = {
    rounds: rounds.length,
    kills: Object.fromEntries(Object.entries(byVictim).map(([victim, hits]) => [victim, hits?.length ?? 0])),
    calls: rounds.reduce((sum, { calls }) => sum + calls, 0),
    manifestsLeft: rounds.reduce((sum, { manifestsLeft }) => sum + manifestsLeft, 0),
    begunAgain: rounds.flatMap(({ begun }) => Object.keys(begun).filter((name) => (begun[name] ?? 0) > 1)),
    mostCommitsOfAStep: Math.max(0, ...rounds.map(({ commits }) => commits)),
    faults,
  };
  process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  process.exitCode = faults.length === 0 && rounds.length === Number(values.rounds) ? 0 : 1;
} finally {
  await server.stop();
}
