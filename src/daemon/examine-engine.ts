import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration } from '../config/load.ts';
import { formatBytes, formatCpuMillis } from '../domain/quantity.ts';
import { createEngineFactory } from '../engines/registry.ts';
import type { Finding } from '../frontends/cli/doctor/finding.ts';
import { systemClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import { noStaging } from '../ports/no-staging.ts';

/** What the local engine can do on this machine, found by making one in an empty place and asking it. */
export async function examineEngine(workdir: string): Promise<readonly Finding[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'konverge-doctor-'));
  try {
    const configuration = loadConfiguration(workdir);
    const createEngine = createEngineFactory('local', {
      stateDir: scratch,
      configuration: configuration.local,
      defaultQueue: configuration.queue,
    });
    const engine = createEngine({
      observe() {},
      environmentOf: () => ({}),
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
