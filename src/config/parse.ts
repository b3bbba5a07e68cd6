import { KonvergeError } from '../domain/error.ts';
import { parseGates } from '../domain/gates.ts';
import type { LocalSettings, QueueSettings } from '../domain/local-settings.ts';
import { parseBytes, parseCpuMillis } from '../domain/quantity.ts';
import type { ServiceSpec } from '../domain/service.ts';
import { parseTopology } from '../domain/topology.ts';
import type { Configuration, RuleConfiguration } from './configuration.ts';
import { kubernetesFrom } from './kubernetes.ts';
import type { KonvergeYaml } from './schema.ts';
import { secondsMs } from './seconds.ts';

/** Turns the file's words into units, and checks what the schema cannot: names that refer to other names. */
export function configurationFrom(yaml: KonvergeYaml, path = 'konverge.yaml'): Configuration {
  const services = Object.fromEntries(
    Object.entries(yaml.services ?? {}).map(([name, service]) => [
      name,
      {
        name,
        ...(service.image === undefined ? {} : { image: service.image }),
        command: service.command,
        ...(service.env === undefined ? {} : { env: service.env }),
        ...(service.cpu === undefined
          ? {}
          : { cpuMillis: parseCpuMillis(service.cpu, `${path}: services.${name}.cpu`) }),
        ...(service.memory === undefined
          ? {}
          : { memoryBytes: parseBytes(service.memory, `${path}: services.${name}.memory`) }),
        port: service.port ?? 0,
        ready:
          service.ready === undefined || service.ready === 'tcp'
            ? { kind: 'tcp' }
            : { kind: 'file', path: service.ready.file },
        replicas: service.replicas ?? 1,
        startTimeoutMs: secondsMs(service.start_timeout ?? 60, `${path}: services.${name}.start_timeout`),
      } satisfies ServiceSpec,
    ]),
  );
  const local = localFrom(yaml, path);
  const rules = rulesFrom(yaml, path, services);
  return {
    ...(yaml.engine === undefined ? {} : { engine: yaml.engine }),
    ...(yaml.queue === undefined ? {} : { queue: yaml.queue }),
    local,
    kubernetes: kubernetesFrom(yaml, path),
    services,
    rules,
  };
}

function localFrom(yaml: KonvergeYaml, path: string): LocalSettings {
  const local = yaml.local ?? {};
  const queues = Object.entries(local.queues ?? {}).map(([name, queue]): QueueSettings => {
    const where = `${path}: local.queues.${name}`;
    return {
      name,
      priority: queue.priority ?? 0,
      ...(queue.cpu === undefined ? {} : { cpuMillis: parseCpuMillis(queue.cpu, `${where}.cpu`) }),
      ...(queue.memory === undefined ? {} : { memoryBytes: parseBytes(queue.memory, `${where}.memory`) }),
      gpu: queue.gpu ?? 0,
      custom: queue.custom ?? {},
    };
  });
  return {
    // YAML reads a bare `on` as a string and some editors write true: both mean the same.
    containers: local.containers === true || local.containers === 'on' ? 'on' : 'off',
    queues,
    cancelGraceMs: secondsMs(local.cancel_grace ?? 5, `${path}: local.cancel_grace`),
    memoryLimit: local.memory_limit ?? 'auto',
    processTracking: local.process_tracking ?? 'auto',
  };
}

function rulesFrom(
  yaml: KonvergeYaml,
  path: string,
  services: Readonly<Record<string, ServiceSpec>>,
): Record<string, RuleConfiguration> {
  return Object.fromEntries(
    Object.entries(yaml.rules ?? {}).map(([rule, entry]) => {
      for (const service of entry.services ?? []) {
        if (services[service] === undefined) {
          throw new KonvergeError(
            'config-invalid',
            `${path}: rules.${rule}.services: there is no service ${JSON.stringify(service)}; defined are: ${Object.keys(services).join(', ') || 'none'}`,
          );
        }
      }
      return [
        rule,
        {
          ...(entry.queue === undefined ? {} : { queue: entry.queue }),
          ...(entry.priority === undefined ? {} : { priority: String(entry.priority) }),
          ...(entry.operator === undefined ? {} : { operator: entry.operator }),
          ...(entry.services === undefined ? {} : { services: entry.services }),
          ...(entry.image === undefined ? {} : { image: entry.image }),
          ...(entry.security === undefined ? {} : { security: entry.security }),
          ...(entry.flux_view === undefined ? {} : { fluxView: entry.flux_view }),
          ...(entry.topology === undefined
            ? {}
            : { topology: parseTopology(entry.topology, `${path}: rules.${rule}.topology`) }),
          ...(entry.gates === undefined ? {} : { gates: parseGates(entry.gates, `${path}: rules.${rule}.gates`) }),
          ...(entry.pod === undefined ? {} : { pod: entry.pod }),
        },
      ];
    }),
  );
}
