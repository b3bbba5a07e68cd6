import type { StepSpec } from '../../src/domain/step.ts';

/** A step of one cpu that runs a command with bash; its ref is its name and its attempt, as the shim writes it. */
export function stepSpec(cwd: string, name: string, command: string, more: Partial<StepSpec> = {}): StepSpec {
  const attempt = more.attempt ?? 1;
  return {
    ref: `${name}.${attempt}`,
    rule: 'rule',
    label: name,
    attempt,
    priority: 0,
    inputs: [],
    outputs: [`out/${name}`],
    logs: [],
    resources: { cpuMillis: 1000, custom: {} },
    execution: { mode: 'direct', shell: '/bin/bash', commands: [command] },
    cwd,
    env: {},
    services: [],
    benchmark: false,
    ...more,
  };
}

/** The same as the shim posts it. */
export function stepRequest(
  cwd: string,
  name: string,
  command: string,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const { operator: _1, queue: _2, container: _3, services: _4, resources: _5, ...same } = stepSpec(cwd, name, command);
  return { ...same, threads: 1, resources: {}, ...more };
}

/** Says in `old.pid` who it is, ignores SIGTERM, and goes on until it is killed (or a failed test has removed its directory). */
export const stubborn = "trap '' TERM; echo $$ > old.part; mv old.part old.pid; while [ -d $PWD ]; do sleep 0.02; done";

/** Leaves the file `overlap` if the process of `stubborn` is still there (a zombie is not). */
export const watchful =
  'p=$(cat old.pid); if [ -e /proc/$p ] && ! grep -qs "^State:.[ZX]" /proc/$p/status; then touch overlap; fi; touch done';
