import { type ImageName, referenceOf } from '../images/recipe.ts';
import type { WorkloadKind } from '../src/domain/kind.ts';
import { timeBareJob } from './cluster/bare-job.ts';
import { BenchPlace } from './cluster/bench-place.ts';
import { ClusterSession, type Step } from './cluster/cluster-session.ts';
import { requireTestbed } from './cluster/testbed.ts';
import { breakdown, type Timed, timeStep } from './cluster/timed.ts';
import { type Figure, listed, median, noted } from './figure.ts';

/** A step that does next to nothing, and becomes this kind. */
interface Shape {
  readonly kind: WorkloadKind;
  readonly what: string;
  readonly image: ImageName;
  readonly resources: Readonly<Record<string, string | number>>;
  /** Prints a line, which becomes the step's output. */
  readonly command: string;
}

const twoRanks = { mpi: 'mpirun', tasks: 2, nodes: 2, mem_mb: 512 } as const;

/** Measured are those whose kind this version makes and the cluster serves. */
const shapes: readonly Shape[] = [
  { kind: 'job', what: 'one pod', image: 'apps', resources: {}, command: 'echo done' },
  {
    kind: 'jobset',
    what: 'one pod and a service in another',
    image: 'apps',
    resources: { kueue_services: 'web' },
    command: 'echo done',
  },
  { kind: 'mpijob', what: 'two ranks on two pods', image: 'mpi', resources: twoRanks, command: 'mpirun -n 2 hostname' },
  {
    kind: 'minicluster',
    what: 'two ranks on two pods, by a stub of Flux and of its operator',
    image: 'flux',
    resources: { ...twoRanks, kueue_operator: 'minicluster', kueue_flux_view: 'none' },
    command: 'mpirun -n 2 hostname',
  },
];

const services = {
  web: {
    command: ['sh', '-c', 'exec python3 -m http.server "$KONVERGE_SERVICE_WEB_PORT"'],
    ready: 'tcp',
    cpu: '100m',
    memory: '64Mi',
  },
};

/** How long a trivial step of each kind is in each state, in turn with a bare Job. One at a time: nothing waits for quota. */
export async function k8sKinds(say: (line: string) => void, rounds: number): Promise<readonly Figure[]> {
  await requireTestbed();
  await using place = await BenchPlace.open('kinds');
  const session = await ClusterSession.open(place.configuration('main', { services }));
  const runs = new Map<Shape, Timed[]>();
  const bare: Timed[] = [];
  try {
    for (const shape of shapes) {
      const unserved = await session.whyUnserved(stepOf(session, shape, 0));
      if (unserved === undefined) runs.set(shape, []);
      else say(`without ${shape.kind}: ${unserved}`);
    }
    await requireTestbed([...runs.keys()].map(({ image }) => image));
    // The first round is thrown away: whatever is done once is done by then.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [shape, list] of runs) {
        const timed = await timeStep(session, stepOf(session, shape, round), shape.kind);
        if (round > 0) list.push(timed);
      }
      const timed = await timeBareJob(place.client, `bare-${round}`, 'echo done');
      if (round > 0) bare.push(timed);
      say(`round ${round} of ${rounds}`);
    }
  } finally {
    await session.close();
  }
  return [
    ...[...runs].map(([{ kind, what }, list]) => figureOf(`${kind}, ${what}: submit to success`, list)),
    figureOf('a bare Job, one pod and no files: create to Complete', bare),
  ];
}

function stepOf(session: ClusterSession, { kind, image, resources, command }: Shape, round: number): Step {
  const name = `${kind}-${round}`;
  return session.step(name, `${command} > ${name}.txt`, { container: referenceOf(image), resources });
}

function figureOf(name: string, runs: readonly Timed[]): Figure {
  const walls = runs.map(({ wallMs }) => wallMs);
  return noted(
    name,
    median(walls),
    'ms',
    `median of ${runs.length}; medians of ms in each state: ${breakdown(runs)}; ${listed(walls)}`,
  );
}
