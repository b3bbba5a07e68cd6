import { bareJobMs, openTestbed } from './cluster/bare-job.ts';
import { ClusterSession } from './cluster/cluster-session.ts';
import { requireTestbed } from './cluster/testbed.ts';
import { atMost, type Figure, listed, median } from './figure.ts';

const rounds = 20;
const command = 'cat in.txt > out.txt';

/** How long each state lasted, by the events of a step. */
const phases = ['accepted', 'queued', 'admitted', 'starting', 'running', 'committing'] as const;
type Phase = (typeof phases)[number];

/**
 * One step after another, with a file in from S3 and a file out, in turn with bare Jobs of the same image and queue that move
 * nothing: from submit to success told (outputs committed) against POST to Complete.
 */
export async function k8sLatency(say: (line: string) => void): Promise<readonly Figure[]> {
  requireTestbed();
  const session = await ClusterSession.open();
  const client = await openTestbed();
  const ours: number[] = [];
  const bare: number[] = [];
  const parts = new Map<Phase, number[]>(phases.map((phase) => [phase, []]));
  try {
    await run(session, session.step('first', 'echo first > first.txt'));
    for (let round = 1; round <= rounds; round += 1) {
      const name = `s${round}`;
      const step = session.step(name, `cat first.txt > ${name}.txt`, ['first.txt']);
      const { wallMs, lasted } = await run(session, step);
      ours.push(wallMs);
      for (const [phase, ms] of lasted) parts.get(phase)?.push(ms);
      bare.push(
        await bareJobMs(
          client,
          `bare-${process.pid}-${round}`,
          command.replace('in.txt', '/dev/null').replace('out.txt', '/dev/null'),
        ),
      );
      say(`round ${round}: ${(ours.at(-1) ?? 0).toFixed(0)} ms, bare ${(bare.at(-1) ?? 0).toFixed(0)} ms`);
    }
  } finally {
    await session.close();
    await client.close();
  }
  const breakdown = [...parts]
    .filter(([, list]) => list.length > 0)
    .map(([phase, list]) => `${phase} ${median(list).toFixed(0)}`);
  return [
    atMost(
      'step with S3 in and out, submit to success, against a bare Job, create to Complete',
      median(ours) / median(bare),
      'ratio',
      1,
      `medians ${median(ours).toFixed(0)} and ${median(bare).toFixed(0)} ms of ${rounds}; ms in each state: ${breakdown.join(', ')}; ours: ${listed(ours)}; bare: ${listed(bare)}`,
    ),
  ];
}

async function run(
  session: ClusterSession,
  step: Record<string, unknown>,
): Promise<{ readonly wallMs: number; readonly lasted: readonly (readonly [Phase, number])[] }> {
  const beginMs = performance.now();
  await session.submit([step]);
  const events = await session.over(String(step['ref']));
  const wallMs = performance.now() - beginMs;
  // The first event of each state counts: a state is told again when its reason changes.
  const firsts = events.filter((event, index) => events.findIndex(({ state }) => state === event.state) === index);
  const lasted = firsts.slice(0, -1).map((event, index) => {
    const next = firsts[index + 1];
    return [event.state as Phase, (next?.atMs ?? event.atMs) - event.atMs] as const;
  });
  return { wallMs, lasted };
}
