// MPI steps on one node, as Jobs: Open MPI 4 of Debian, all ranks in one pod.
import { expect } from 'vitest';
import { referenceOf } from '../../../images/recipe.ts';
import { useEnginePlace } from '../engine/place.ts';
import { kindTest } from './kind-case.ts';

const place = useEnginePlace('mpi-of-one-pod');

const program = `python3 -c '
import os
from mpi4py import MPI
world = MPI.COMM_WORLD
free = os.statvfs("/dev/shm")
print(world.Get_rank(), world.Get_size(), len(os.sched_getaffinity(0)) == os.cpu_count(), free.f_blocks * free.f_frsize > 2**27, flush=True)
'`;

kindTest(place, 'more ranks than the node has cores, by mpirun and by srun, bound to none', async (harness) => {
  const outputs = await Promise.all(
    ['mpirun -n 5', 'srun -n 5', 'srun'].map(async (command) => {
      const mpi = { command, tasks: 5, nodes: 1 };
      // The test queue has room for them, the node has not: what a pod asks for is no matter of its ranks.
      const request = { cpuMillis: 500, mpi, memoryBytes: { value: 2 ** 28, stated: true } };
      const id = harness.launch(harness.order(`${command} ${program}`, { container: referenceOf('mpi'), request }));
      const { state } = await harness.end(id);
      expect(state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
      return { lines: (await harness.log(id)).trim().split('\n').sort(), errors: await harness.log(id, 'stderr') };
    }),
  );
  const lines = Array.from({ length: 5 }, (_none, rank) => `${rank} 5 True True`);
  const said = 'konverge: the image has no srun: its mpirun starts the ranks in place of it\n';
  expect(outputs).toEqual([
    { lines, errors: '' },
    { lines, errors: said },
    { lines, errors: said },
  ]);
});
