import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { formatBytes, formatCpuMillis } from '../domain/quantity.ts';
import { examineCluster } from '../engines/kubernetes/examine/examine-cluster.ts';
import { createEngineFactory } from '../engines/registry.ts';
import type { EngineQuestion } from '../frontends/cli/context.ts';
import type { Finding } from '../frontends/cli/doctor/finding.ts';
import { systemClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import { noStaging } from '../ports/no-staging.ts';
import { clientOptions, kubernetesSettings } from './cluster-options.ts';

/** What the engine of a run could do, found by asking it: a cluster, or this machine. */
export async function examineEngine(question: EngineQuestion): Promise<readonly Finding[]> {
  let configuration: Configuration;
  try {
    configuration = loadConfiguration(question.workdir, question.config);
  } catch {
    // It is a finding of its own, with the reason.
    return [];
  }
  return question.engine === 'kubernetes' ? examineKubernetes(configuration, question) : examineLocal(configuration);
}

function examineKubernetes(configuration: Configuration, question: EngineQuestion): Promise<readonly Finding[]> {
  const { queue, rules } = configuration;
  const entries = Object.entries(rules);
  const wishes = {
    settings: kubernetesSettings(configuration, question.namespace),
    queues: [
      ...(queue === undefined ? [] : [{ name: queue, where: 'queue in konverge.yaml' }]),
      ...entries.flatMap(([rule, one]) =>
        one.queue === undefined ? [] : [{ name: one.queue, where: `rules.${rule} in konverge.yaml` }],
      ),
    ],
    rules: entries.flatMap(([rule, { security }]) => (security === undefined ? [] : [{ rule, security }])),
  };
  return examineCluster(wishes, clientOptions('doctor'));
}

/** By making an engine in an empty place. */
async function examineLocal(configuration: Configuration): Promise<readonly Finding[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'konverge-doctor-'));
  try {
    const createEngine = createEngineFactory('local', {
      stateDir: scratch,
      configuration: configuration.local,
      defaultQueue: configuration.queue,
    });
    const engine = createEngine({
      observe() {},
      environmentOf: () => ({}),
      ownVariablesOf: () => ({}),
      staging: noStaging,
      clock: systemClock,
      logger: silentLogger,
    });
    try {
      const { memoryLimit, processTracking, containers } = engine.capabilities;
      const memory = {
        kernel: 'kept by the kernel (cgroup)',
        watched: 'watched: a step may pass its limit for a moment before it is ended (no writable cgroup)',
        none: 'not kept',
      }[memoryLimit];
      const tracking = {
        kernel: 'found by the kernel (cgroup)',
        scan: 'found by process group and a scan of /proc; a process that wipes its environment escapes',
        none: 'not found',
      }[processTracking];
      return [
        { name: 'memory limits', status: 'ok', detail: memory, remedy: '' },
        { name: 'left-over processes', status: 'ok', detail: tracking, remedy: '' },
        {
          name: 'containers',
          status: 'ok',
          detail: containers.served ? `by ${containers.runtime}` : containers.reason,
          remedy: '',
        },
        ...engine.queues().map(
          ({ name, quota }): Finding => ({
            name: `queue ${name}`,
            status: 'ok',
            detail: `${formatCpuMillis(quota.cpuMillis)} cpu, ${formatBytes(quota.memoryBytes)} memory, ${quota.gpu} gpu`,
            remedy: '',
          }),
        ),
      ];
    } finally {
      await engine.close();
    }
  } catch (error) {
    return [
      { name: 'local engine', status: 'missing', detail: (error as Error).message, remedy: 'Correct konverge.yaml' },
    ];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
