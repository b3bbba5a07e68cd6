import type { Configuration } from '../../config/configuration.ts';
import { KonvergeError } from '../../domain/error.ts';
import type { ServiceSpec } from '../../domain/service.ts';
import type { StagedBenchmark, StagingPlan } from '../../domain/staging.ts';
import type { Execution, StepSpec } from '../../domain/step.ts';
import { gatesFrom, resourcesFrom, textResource, topologyFrom } from './resources.ts';
import type { StepRequest } from './step-request.ts';

/** What a session says once for all of its steps. */
export interface SessionSettings {
  readonly queue?: string;
  readonly priority?: string;
  readonly image?: string;
  readonly containers: 'on' | 'off';
  /** Where the steps go: on Kubernetes every step runs in an image. Absent: on this machine. */
  readonly engine?: string;
}

/**
 * A job in Snakemake's words as a step in ours. What konverge.yaml says of a rule wins over the rule's own resources
 * (design.md 12.16). Throws errors that name the rule, the field and the remedy.
 */
export function stepFrom(request: StepRequest, settings: SessionSettings, configuration: Configuration): StepSpec {
  const { rule, resources } = request;
  const fromOutside = configuration.rules[rule];
  const operator = fromOutside?.operator ?? textResource(rule, resources, 'kueue_operator');
  const queue =
    fromOutside?.queue ?? textResource(rule, resources, 'kueue_queue') ?? settings.queue ?? configuration.queue;
  const container = imageOf(request, settings, configuration);
  const topology = fromOutside?.topology ?? topologyFrom(rule, resources);
  const fluxView = fromOutside?.fluxView ?? textResource(rule, resources, 'kueue_flux_view');
  const gates = fromOutside?.gates ?? gatesFrom(rule, resources) ?? [];
  const priority = fromOutside?.priority ?? statedPriority(request) ?? settings.priority;
  return {
    ref: request.ref,
    rule,
    label: request.label,
    attempt: request.attempt,
    priority: isNumber(priority) ? Number(priority) : (request.priority ?? 0),
    inputs: request.inputs,
    outputs: request.outputs,
    logs: request.logs,
    resources: resourcesFrom(rule, request.threads, resources),
    execution: executionOf(request),
    cwd: request.cwd,
    env: request.env,
    ...(container !== undefined && { container }),
    ...(operator !== undefined && { operator }),
    ...(queue !== undefined && { queue }),
    services: servicesOf(request, configuration),
    ...(priority !== undefined && !isNumber(priority) && { priorityClass: priority }),
    ...(fromOutside?.security && { security: fromOutside.security }),
    ...(topology && { topology }),
    ...(fluxView !== undefined && { fluxView }),
    ...(gates.length > 0 && { gates }),
    ...(fromOutside?.pod && { pod: fromOutside.pod }),
    ...(request.staging && { staging: stagingOf(request.staging) }),
    benchmark: request.benchmark ?? false,
  };
}

/** zod writes `undefined` where nothing was said; the domain leaves it out. */
function stagingOf({ outputs, benchmark, sources, ...rest }: NonNullable<StepRequest['staging']>): StagingPlan {
  return {
    ...rest,
    outputs: outputs.map(({ ensure, level, ...output }) => ({
      ...output,
      ...(level !== undefined && { level }),
      ...(ensure && {
        ensure: { nonEmpty: ensure.nonEmpty, ...(ensure.checksum && { checksum: ensure.checksum }) },
      }),
    })),
    ...(benchmark && { benchmark: withoutUndefined(benchmark) }),
    ...(sources !== undefined && { sources }),
  };
}

function withoutUndefined({
  extended,
  ...benchmark
}: NonNullable<NonNullable<StepRequest['staging']>['benchmark']>): StagedBenchmark {
  return { ...benchmark, ...(extended && { extended }) };
}

function executionOf({ execution }: StepRequest): Execution {
  return execution.mode !== 'fallback' ? execution : { ...execution, digest: execution.digest ?? execution.command };
}

function statedPriority({ resources }: StepRequest): string | undefined {
  const stated = resources['kueue_priority']?.value;
  return stated === undefined || stated === '' ? undefined : String(stated);
}

/** A priority that is a number counts as Snakemake's own does; a name is a class of Kueue's. */
function isNumber(priority: string | undefined): boolean {
  return priority !== undefined && priority !== '' && Number.isFinite(Number(priority));
}

/** The image, where containers are honoured: locally only on request, as Snakemake does it (design.md 12.7). */
function imageOf(request: StepRequest, settings: SessionSettings, configuration: Configuration): string | undefined {
  const onHost = settings.engine === undefined || settings.engine === 'local';
  if (onHost && settings.containers === 'off' && configuration.local.containers === 'off') return undefined;
  const image =
    textResource(request.rule, request.resources, 'container') ??
    configuration.rules[request.rule]?.image ??
    request.container ??
    settings.image;
  // Snakemake writes an image as a URL; only apptainer reads it so.
  return image?.replace(/^docker:\/\//, '');
}

function servicesOf(request: StepRequest, configuration: Configuration): readonly ServiceSpec[] {
  const fromOutside = configuration.rules[request.rule]?.services;
  const fromRule = textResource(request.rule, request.resources, 'kueue_services');
  const names = fromOutside ?? fromRule?.split(/[\s,]+/).filter((name) => name !== '') ?? [];
  return [...new Set(names)].map((name) => {
    const service = configuration.services[name];
    if (service) return service;
    const defined = Object.keys(configuration.services).join(', ') || 'none';
    throw new KonvergeError(
      'service-unknown',
      `rule ${request.rule}: kueue_services names ${JSON.stringify(name)}; konverge.yaml defines: ${defined}`,
    );
  });
}
