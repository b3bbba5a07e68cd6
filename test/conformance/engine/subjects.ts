import { defaultLocalSettings, type LocalSettings, type QueueSettings } from '../../../src/engines/local/config.ts';
import { createEngineFactory } from '../../../src/engines/registry.ts';
import type { Engine, EngineHost } from '../../../src/ports/engine.ts';

/** What a case needs of an engine, where not every engine has it. */
export type Need = 'memory-limit' | 'environment-wipe' | 'survives-core' | 'services' | 'mpi';

/** One engine, in one way of running it, that the conformance suite is run over. */
export interface Subject {
  readonly name: string;
  /** What it cannot do, with the reason. A case that needs it is reported as skipped with that reason, never dropped. */
  readonly unsupported: Partial<Readonly<Record<Need, string>>>;
  open(place: { readonly stateDir: string; readonly queues: readonly QueueSettings[] }, host: EngineHost): Engine;
}

function localSubject(
  name: string,
  settings: Partial<LocalSettings>,
  unsupported: Subject['unsupported'] = {},
): Subject {
  return {
    name,
    unsupported,
    open({ stateDir, queues }, host) {
      // A short grace, so that a step that ignores SIGTERM does not hold up the suite.
      const configuration: LocalSettings = { ...defaultLocalSettings, cancelGraceMs: 300, queues, ...settings };
      return createEngineFactory('local', { stateDir, configuration })(host);
    },
  };
}

/** Every engine of the project. To run the suite over a new one: a line here. */
export const subjects: readonly Subject[] = [
  localSubject('local', {}),
  localSubject(
    'local, scan and watch',
    { processTracking: 'scan', memoryLimit: 'watch' },
    { 'environment-wipe': 'a scan finds processes by their environment (design.md 12.8)' },
  ),
];

export function subjectOf(name: string): Subject {
  const found = subjects.find((subject) => subject.name === name);
  if (found === undefined) throw new Error(`no subject ${name}`);
  return found;
}
