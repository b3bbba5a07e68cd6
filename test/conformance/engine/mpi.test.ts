import { describe, expect, test } from 'vitest';
import type { StepSpec } from '../../../src/domain/step.ts';
import { missingTool, testUnless } from '../../test-unless.ts';
import { Harness, queue } from './harness.ts';
import { subjects } from './subjects.ts';

const resources = (tasks: number, nodes: number): StepSpec['resources'] => ({
  cpuMillis: 1000,
  mpi: { command: 'mpirun', tasks, nodes },
  custom: {},
});

describe('an MPI step', () => {
  for (const subject of subjects) {
    // More tasks than this machine has cores, and as root in CI: both are refused by Open MPI unless it is told.
    testUnless(missingTool('mpirun'), `${subject.name}: has all its ranks, whatever nodes says`, async () => {
      const harness = Harness.open(subject, [queue('default', 8)]);
      const order = harness.order(`mpirun -n 5 sh -c 'echo rank \${OMPI_COMM_WORLD_RANK:-$PMI_RANK}' | sort`, {
        resources: resources(5, 2),
      });
      expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(order.id)).toBe('rank 0\nrank 1\nrank 2\nrank 3\nrank 4\n');
    });

    testUnless(missingTool('mpirun'), `${subject.name}: leaves no rank behind when it is cancelled`, async () => {
      const harness = Harness.open(subject, [queue('default', 8)]);
      const order = harness.order('mpirun -n 2 sleep 1000', { resources: resources(2, 1) });
      harness.engine.launch([order]);
      await harness.reached(order.id, 'running');
      harness.engine.cancel([order.id]);
      expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled' });
    });

    test(`${subject.name}: takes the quota of all its tasks`, () => {
      const harness = Harness.open(subject, [queue('default', 4)]);
      expect(harness.engine.check(harness.order('true', { resources: resources(4, 1) }))).toBeUndefined();
      expect(harness.engine.check(harness.order('true', { resources: resources(5, 1) }))).toMatchObject({
        code: 'never-fits',
      });
    });
  }
});
