import { KonvergeError } from '../domain/error.ts';
import type { KubernetesSettings } from '../domain/kubernetes-settings.ts';
import type { Engine, EngineHost } from '../ports/engine.ts';
import { KubernetesEngine } from './kubernetes/engine.ts';
import { type LocalSettings, resolveLocalConfig } from './local/config.ts';
import { LocalEngine } from './local/engine.ts';
import { readMachine } from './local/machine.ts';

/** What every engine is told when it is made. */
export interface EngineOptions {
  /** Absolute; the engine keeps its files below it. One engine at a time. */
  readonly stateDir: string;
  /** The run's working directory, absolute: containers see it too. */
  readonly workdir?: string | undefined;
  /** The local engine's part of konverge.yaml. */
  readonly configuration: LocalSettings;
  /** The Kubernetes engine's part. */
  readonly kubernetes?: KubernetesSettings | undefined;
  /** Of konverge, for those whom an engine talks to. */
  readonly version?: string;
  /** The queue of a step that names none. */
  readonly defaultQueue?: string | undefined;
}

export type EngineFactory = (host: EngineHost) => Engine;

/** An engine that can be made, or why this version does not have it. */
export type EngineEntry =
  | { readonly served: true; readonly factory: (options: EngineOptions) => EngineFactory }
  | { readonly served: false; readonly reason: string };

/** Every engine by its name. To add one: a folder, and a line here. */
export const engineRegistry: Readonly<Record<string, EngineEntry>> = {
  local: { served: true, factory: localFactory },
  kubernetes: { served: true, factory: kubernetesFactory },
  slurm: { served: false, reason: 'this version does not have the slurm engine yet' },
  flux: { served: false, reason: 'this version does not have the flux engine yet' },
};

/** Throws `engine-unknown` with the reason. */
export function createEngineFactory(name: string, options: EngineOptions): EngineFactory {
  const entry = Object.hasOwn(engineRegistry, name) ? engineRegistry[name] : undefined;
  if (entry?.served) return entry.factory(options);
  const names = Object.keys(engineRegistry).join(', ');
  throw new KonvergeError(
    'engine-unknown',
    entry ? `engine ${name}: ${entry.reason}` : `there is no engine ${JSON.stringify(name)}; there are ${names}`,
  );
}

function localFactory({ stateDir, workdir, configuration, defaultQueue }: EngineOptions): EngineFactory {
  return (host) => {
    const machine = readMachine();
    const config = resolveLocalConfig(configuration, machine.quota, defaultQueue);
    const engine = new LocalEngine({ config, stateDir, machine, ...(workdir === undefined ? {} : { workdir }) }, host);
    if (configuration.memoryLimit === 'cgroup') requireKernel('memory_limit', engine.capabilities.memoryLimit);
    if (configuration.processTracking === 'cgroup')
      requireKernel('process_tracking', engine.capabilities.processTracking);
    return engine;
  };
}

function kubernetesFactory({ stateDir, workdir, kubernetes, version }: EngineOptions): EngineFactory {
  return (host) => {
    if (kubernetes === undefined) throw new KonvergeError('config-invalid', 'there are no settings for Kubernetes');
    return new KubernetesEngine(
      { settings: kubernetes, stateDir, workdir: workdir ?? stateDir, version: version ?? 'unknown' },
      host,
    );
  };
}

/** Who asks for the kernel's guarantee shall not get less without a word. */
function requireKernel(setting: string, kept: string): void {
  if (kept === 'kernel') return;
  throw new KonvergeError(
    'config-invalid',
    `local.${setting}: cgroup cannot be had here: no control group can be written`,
    {
      hint: 'Leave it out, and konverge does what can be done; `konverge doctor` says what that is.',
    },
  );
}
