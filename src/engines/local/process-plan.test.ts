import { describe, expect, test } from 'vitest';
import type { StepId } from '../../domain/brand.ts';
import type { StepSpec } from '../../domain/step.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import { defaultLocalSettings, resolveLocalConfig } from './config.ts';
import { buildProcessPlan, describePlan, type PlanContext } from './process-plan.ts';

const machine = { cpuMillis: 4000, memoryBytes: 8 * 2 ** 30, gpu: 0, custom: {} };
const context: PlanContext = {
  config: resolveLocalConfig(defaultLocalSettings, machine),
  stateDir: '/work/.snakemake/konverge',
  coreMark: 'c0ffee',
  cores: 2,
  uid: 0,
};

function order(spec: Partial<StepSpec>): WorkOrder {
  return {
    id: 'key-a1-g1' as StepId,
    kind: 'job',
    queue: 'default',
    sequence: 1,
    spec: {
      ref: '1',
      rule: 'align',
      label: 'align',
      attempt: 1,
      priority: 0,
      inputs: [],
      outputs: ['out'],
      logs: [],
      resources: { cpuMillis: 2000, custom: {} },
      execution: { mode: 'direct', shell: '/bin/bash', commands: ['set -euo pipefail; echo > out'] },
      cwd: '/work',
      env: {},
      services: [],
      benchmark: false,
      ...spec,
    },
  };
}

describe('the process plan', () => {
  test('of a plain step', () => {
    expect(buildProcessPlan(order({}), context)).toEqual({
      step: 'key-a1-g1',
      queue: 'default',
      demand: { cpuMillis: 2000, memoryBytes: 0, gpu: 0, custom: {} },
      directory: {
        path: '/work/.snakemake/konverge/steps/key-a1-g1',
        stdout: '/work/.snakemake/konverge/steps/key-a1-g1/stdout.log',
        stderr: '/work/.snakemake/konverge/steps/key-a1-g1/stderr.log',
        status: '/work/.snakemake/konverge/steps/key-a1-g1/status',
        services: '/work/.snakemake/konverge/steps/key-a1-g1/services',
        work: '/work/.snakemake/konverge/steps/key-a1-g1/work',
      },
      cwd: '/work',
      shell: '/bin/bash',
      commands: ['set -euo pipefail; echo > out'],
      scripts: [],
      env: { KONVERGE_CORE: 'c0ffee', KONVERGE_STEP_ID: 'key-a1-g1' },
      services: [],
      limits: {},
      benchmark: false,
    });
  });

  test('has limits only where they were stated', () => {
    const resources = (stated: boolean): StepSpec['resources'] => ({
      cpuMillis: 1000,
      memoryBytes: { value: 16 * 2 ** 30, stated },
      runtimeMs: { value: 60_000, stated },
      custom: {},
    });
    expect(buildProcessPlan(order({ resources: resources(true) }), context)).toMatchObject({
      limits: { runtimeMs: 60_000, memoryBytes: 16 * 2 ** 30 },
      demand: { memoryBytes: 16 * 2 ** 30 },
    });
    expect(buildProcessPlan(order({ resources: resources(false) }), context)).toMatchObject({
      limits: {},
      demand: { memoryBytes: 8 * 2 ** 30 },
    });
  });

  test('puts a command that is too long for an argument into a script', () => {
    const commands = ['short', 'x'.repeat(70_000), "'".repeat(20_000)];
    const plan = buildProcessPlan(order({ execution: { mode: 'direct', shell: '/bin/bash', commands } }), context);
    const path = (index: number) => `"/bin/bash" "/work/.snakemake/konverge/steps/key-a1-g1/command-${index}.sh"`;
    expect(plan.commands).toEqual(['short', path(1), path(2)]);
    expect(plan.scripts).toEqual([
      { name: 'command-1.sh', content: commands[1] },
      { name: 'command-2.sh', content: commands[2] },
    ]);
  });

  test('lets Open MPI run as root, and more tasks than cores', () => {
    const mpi = (tasks: number) => ({ cpuMillis: 1000, custom: {}, mpi: { command: 'mpirun', tasks, nodes: 3 } });
    const plan = buildProcessPlan(order({ resources: mpi(2) }), context);
    expect(plan.env).toMatchObject({ OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' });
    expect(plan.env).not.toHaveProperty('OMPI_MCA_rmaps_base_oversubscribe');
    expect(plan.demand.cpuMillis).toBe(2000);
    const user = buildProcessPlan(order({ resources: mpi(3) }), { ...context, uid: 1000 });
    expect(user.env).not.toHaveProperty('OMPI_ALLOW_RUN_AS_ROOT');
    expect(user.env).toMatchObject({
      OMPI_MCA_rmaps_base_oversubscribe: '1',
      PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
    });
  });

  test('is shown without secrets and without long texts', () => {
    const long = 'y'.repeat(70_000);
    const plan = buildProcessPlan(
      order({
        env: { AWS_SECRET_ACCESS_KEY: 'hidden', THREADS: '2' },
        execution: { mode: 'direct', shell: 'bash', commands: [long] },
      }),
      context,
    );
    const shown = JSON.stringify(describePlan(plan));
    expect(shown).not.toContain('hidden');
    expect(shown).not.toContain('yyyy');
    expect(describePlan(plan)).toMatchObject({
      env: { THREADS: '2' },
      scripts: [{ name: 'command-0.sh', bytes: 70_000 }],
    });
  });
});
