import { expect } from 'vitest';
import type { StepSpec } from '../../../src/domain/step.ts';
import { Harness, oneCpu, overEngines, queue } from './harness.ts';

const resources = (tasks: number, nodes: number): StepSpec['resources'] => ({
  cpuMillis: oneCpu,
  mpi: { command: 'mpirun', tasks, nodes },
  custom: {},
});

overEngines('an MPI step', (eachCase) => {
  // More tasks than this machine has cores, and as root in CI: both are refused by Open MPI unless it is told.
  eachCase(
    'has all its ranks, whatever nodes says',
    async (subject) => {
      const harness = await Harness.open(subject, [queue('default', 8)]);
      const order = harness.order(`mpirun -n 5 sh -c 'echo rank \${OMPI_COMM_WORLD_RANK:-$PMI_RANK}' | sort`, {
        resources: resources(5, 2),
      });
      expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(order.id)).toBe('rank 0\nrank 1\nrank 2\nrank 3\nrank 4\n');
    },
    'mpirun',
  );

  eachCase(
    'leaves no rank behind when it is cancelled',
    async (subject) => {
      const harness = await Harness.open(subject, [queue('default', 8)]);
      const order = harness.order('mpirun -n 2 sleep 1000', { resources: resources(2, 1) });
      harness.engine.launch([order]);
      await harness.reached(order.id, 'running');
      harness.engine.cancel([order.id]);
      expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled' });
    },
    'mpirun',
  );

  eachCase('takes the quota of all its tasks', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 4)]);
    expect(harness.engine.check(harness.order('true', { resources: resources(4, 1) }))).toBeUndefined();
    expect(harness.engine.check(harness.order('true', { resources: resources(5, 1) }))).toMatchObject({
      code: 'never-fits',
    });
  });
});
