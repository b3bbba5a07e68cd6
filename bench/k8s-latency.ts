import { timeBareJob } from './cluster/bare-job.ts';
import { BenchPlace } from './cluster/bench-place.ts';
import { ClusterSession } from './cluster/cluster-session.ts';
import { requireTestbed } from './cluster/testbed.ts';
import { breakdown, type Timed, timeStep } from './cluster/timed.ts';
import { atMost, type Figure, listed, median } from './figure.ts';

/**
 * One step after another, with a file in from S3 and a file out, in turn with bare Jobs of the same image and queue that move
 * nothing: from submit to success told (outputs committed) against POST to Complete.
 */
export async function k8sLatency(say: (line: string) => void, rounds: number): Promise<readonly Figure[]> {
  await requireTestbed();
  await using place = await BenchPlace.open('latency');
  const session = await ClusterSession.open(place.configuration());
  const ours: Timed[] = [];
  const bare: Timed[] = [];
  try {
    await timeStep(session, session.step('first', 'echo first > first.txt'));
    for (let round = 1; round <= rounds; round += 1) {
      const name = `s${round}`;
      const step = session.step(name, `cat first.txt > ${name}.txt`, { inputs: ['first.txt'] });
      const mine = await timeStep(session, step);
      ours.push(mine);
      const other = await timeBareJob(place.client, `bare-${round}`, 'cat /dev/null > /dev/null');
      bare.push(other);
      say(`round ${round}: ${mine.wallMs.toFixed(0)} ms, bare ${other.wallMs.toFixed(0)} ms`);
    }
  } finally {
    await session.close();
  }
  const mine = ours.map(({ wallMs }) => wallMs);
  const other = bare.map(({ wallMs }) => wallMs);
  return [
    atMost(
      'step with S3 in and out, submit to success, against a bare Job, create to Complete',
      median(mine) / median(other),
      'ratio',
      1,
      `medians ${median(mine).toFixed(0)} and ${median(other).toFixed(0)} ms of ${rounds}; ms in each state: ${breakdown(ours)}; of the bare Job: ${breakdown(bare)}; ours: ${listed(mine)}; bare: ${listed(other)}`,
    ),
  ];
}
