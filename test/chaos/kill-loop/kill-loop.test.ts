import { expect, test } from 'vitest';
import { buildPatienceMs, startObjectStoreServer } from '../../object-store-server/server.ts';
import { killLoop } from './loop.ts';

const rounds = 4;

test(
  `${rounds} rounds of random kills end as an undisturbed run does (npm run chaos -- kill-loop has the long form)`,
  async () => {
    const server = await startObjectStoreServer();
    try {
      const { faults, rounds: results } = await killLoop(server, { rounds, seed: 1000, say: () => undefined });
      expect(faults).toEqual([]);
      expect(results).toHaveLength(rounds);
    } finally {
      await server.stop();
    }
  },
  buildPatienceMs + rounds * 120_000,
);
