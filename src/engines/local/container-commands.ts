import { basename } from 'node:path';
import {
  buildContainerArgv,
  type ContainerCall,
  type ContainerRuntimeName,
  outermost,
  quote,
} from './container-argv.ts';
import type { ProcessPlan } from './process-plan.ts';

/** What a container needs to know that the plan does not have. */
export interface ContainerPlace {
  readonly runtime: ContainerRuntimeName;
  readonly image: string;
  readonly uid: number;
  readonly gid: number;
  readonly gpus: readonly number[];
  /** All that the step adds to the caller's environment; the caller's own PATH and the like mean nothing in an image. */
  readonly env: Readonly<Record<string, string>>;
  /** The working directory of the run: a shadow directory links into it. */
  readonly workdir?: string;
}

/** Derived from the step's id, so that a later core can end the container too. */
export function containerName(coreMark: string, step: string, part = 'step'): string {
  return `konverge-${coreMark}-${step}-${part}`;
}

/** The commands of a plan, each run by the container runtime's client: what the wrapper runs in their place. */
export function containerCommands(plan: ProcessPlan, place: ContainerPlace, name: string): string[] {
  // The path of a shell on this host means nothing in an image; its name does.
  const shell = basename(plan.shell);
  return plan.commands.map((command) => {
    const argv = buildContainerArgv(place.runtime, containerCall(plan, place, name, [shell, '-c', command]));
    return `exec ${argv.map(quote).join(' ')}`;
  });
}

export function containerCall(
  plan: ProcessPlan,
  place: ContainerPlace,
  name: string,
  argv: readonly [string, ...string[]],
): ContainerCall {
  const temporary = place.env['TMPDIR'];
  return {
    image: place.image,
    name,
    cwd: plan.cwd,
    binds: outermost([
      ...(place.workdir === undefined ? [] : [place.workdir]),
      plan.cwd,
      ...(temporary === undefined ? [] : [temporary]),
      ...(plan.scripts.length > 0 ? [plan.directory.path] : []),
    ]),
    envNames: Object.keys(place.env).sort(),
    uid: place.uid,
    gid: place.gid,
    gpus: place.gpus,
    ...(plan.limits.memoryBytes === undefined ? {} : { memoryBytes: plan.limits.memoryBytes }),
    argv,
  };
}

/**
 * Whether an exit code came from the runtime and not from the step: docker and podman end with 125, or, where the container
 * could not begin its command, with 126 and 127 and a last word of their own; apptainer ends with 255 and says FATAL.
 */
export function isRuntimeFailure(runtime: string, exitCode: number, stderrTail: string): boolean {
  if (runtime === 'apptainer') return exitCode === 255 && stderrTail.includes('FATAL:');
  const lastLine = stderrTail.split('\n').at(-1) ?? '';
  return exitCode === 125 || ((exitCode === 126 || exitCode === 127) && /^(Error: |docker: )/.test(lastLine));
}
