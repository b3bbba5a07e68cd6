import { buildContainerArgv } from './container-argv.ts';
import { type ContainerPlace, containerCall, containerCommands, containerName } from './container-commands.ts';
import type { ProcessPlan } from './process-plan.ts';
import type { RunContext } from './run-context.ts';
import type { ServiceStart } from './service-group.ts';
import type { ServiceReplica } from './service-ports.ts';
import type { WrapperRequest } from './spawner.ts';
import type { StepNote } from './status-file.ts';
import type { StepGroups } from './step-cgroups.ts';
import { wrapperArguments } from './wrapper.ts';

/** Where a plan meets what is known only at its start: groups, gpus, ports, the container runtime. */
export interface StepLaunch {
  readonly plan: ProcessPlan;
  readonly groups: StepGroups;
  readonly gpus: readonly number[];
}

/** What the step adds to the caller's environment. */
function addedEnvironment(
  { plan, gpus }: StepLaunch,
  services: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...plan.env, ...services, ...(gpus.length > 0 ? { CUDA_VISIBLE_DEVICES: gpus.join(',') } : {}) };
}

/** The caller's environment with what the step adds; it exists only in memory and in the step's processes. */
function environmentOf(
  launch: StepLaunch,
  context: RunContext,
  added: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  return { ...context.host.environmentOf(launch.plan.step), ...added };
}

function cgroupProcs({ directories }: StepGroups): string[] {
  return directories.map((directory) => `${directory}/cgroup.procs`);
}

/** The step's commands in their wrapper, ready to be started. */
export function wrapperRequest(
  launch: StepLaunch,
  context: RunContext,
  services: Readonly<Record<string, string>>,
): WrapperRequest {
  const { plan, groups } = launch;
  const added = addedEnvironment(launch, services);
  const place = plan.image === undefined ? undefined : containerPlace(launch, context, plan.image, added);
  return {
    args: wrapperArguments({
      note: JSON.stringify(noteOf(launch, context)),
      cwd: plan.cwd,
      cgroupProcs: cgroupProcs(groups),
      shell: place ? '/bin/sh' : plan.shell,
      commands: place ? containerCommands(plan, place, containerName(context.coreMark, plan.step)) : plan.commands,
    }),
    cwd: plan.directory.path,
    stdout: plan.directory.stdout,
    stderr: plan.directory.stderr,
    environment: context.host.environmentOf(plan.step),
    added,
  };
}

/** What its services are started with. */
export function serviceStart(launch: StepLaunch, context: RunContext): ServiceStart {
  return {
    plan: launch.plan,
    cgroupProcs: cgroupProcs(launch.groups),
    environmentOf: (ports) => environmentOf(launch, context, addedEnvironment(launch, ports)),
    argvOf: (replica, ports) => serviceArgv(launch, context, replica, addedEnvironment(launch, ports)),
  };
}

/** A service's own command, or that of the runtime that runs it in its image. */
function serviceArgv(
  launch: StepLaunch,
  context: RunContext,
  { service, index }: ServiceReplica,
  added: Readonly<Record<string, string>>,
): readonly string[] {
  if (service.image === undefined || context.config.containers === 'off') return service.command;
  const [program, ...rest] = service.command;
  if (program === undefined) return [];
  const place = containerPlace(launch, context, service.image, added);
  const name = containerName(context.coreMark, launch.plan.step, `${service.name}-${index}`);
  return buildContainerArgv(place.runtime, containerCall(launch.plan, place, name, [program, ...rest]));
}

/** What a later core must know. */
export function noteOf({ plan, groups, gpus }: StepLaunch, context: RunContext): StepNote {
  const names = containerNames(plan, context);
  const runtime = names.length > 0 ? context.containers() : undefined;
  return {
    bootId: context.machine.bootId,
    queue: plan.queue,
    cgroups: groups.directories,
    tracked: groups.tracked,
    ...(groups.memory === undefined ? {} : { memoryCgroup: groups.memory }),
    gpus,
    ...(runtime?.works ? { containers: { runtime: runtime.name, names } } : {}),
  };
}

function containerNames(plan: ProcessPlan, { config, coreMark }: RunContext): string[] {
  const ofServices = plan.services.flatMap(({ name, image, replicas }) =>
    image === undefined || config.containers === 'off'
      ? []
      : Array.from({ length: Math.max(1, replicas) }, (_none, index) =>
          containerName(coreMark, plan.step, `${name}-${index}`),
        ),
  );
  return [...(plan.image === undefined ? [] : [containerName(coreMark, plan.step)]), ...ofServices];
}

function containerPlace(
  { gpus }: StepLaunch,
  context: RunContext,
  image: string,
  env: Readonly<Record<string, string>>,
): ContainerPlace {
  const runtime = context.containers();
  if (!runtime.works) throw new Error(`no container runtime works here: ${runtime.reason}`);
  const { uid, gid } = context.machine;
  return {
    runtime: runtime.name,
    image,
    uid,
    gid,
    gpus,
    env,
    ...(context.workdir === undefined ? {} : { workdir: context.workdir }),
  };
}
