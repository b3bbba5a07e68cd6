import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { type ServiceSpec, serviceVariableStem, serviceVariables } from '../../domain/service.ts';

/** One process of a service, and where it answers. */
export interface ServiceReplica {
  readonly service: ServiceSpec;
  readonly index: number;
  readonly port: number;
}

export const serviceHost = '127.0.0.1';

/** The ports that a step's services insist on. */
export function fixedPorts(services: readonly ServiceSpec[]): number[] {
  return services.flatMap(({ port }) => (port > 0 ? [port] : [])).sort((a, b) => a - b);
}

/** The first replica has the port that was asked for; the others share its host, so they get free ones. */
export async function assignPorts(services: readonly ServiceSpec[]): Promise<ServiceReplica[]> {
  const replicas: ServiceReplica[] = [];
  const taken = new Set(fixedPorts(services));
  for (const service of services) {
    for (let index = 0; index < Math.max(1, service.replicas); index++) {
      const port = index === 0 && service.port > 0 ? service.port : await freePort(taken);
      taken.add(port);
      replicas.push({ service, index, port });
    }
  }
  return replicas;
}

/** What the application and every service are told of all services. */
export function serviceEnvironment(replicas: readonly ServiceReplica[]): Record<string, string> {
  return serviceVariables(replicas.map((replica) => ({ ...replica, host: serviceHost })));
}

/** What one replica is told besides: its service's own variables, and its own port under its service's name. */
export function replicaEnvironment({ service, index, port }: ServiceReplica): Record<string, string> {
  const own = { [`${serviceVariableStem(service.name)}_PORT`]: String(port), KONVERGE_SERVICE_INDEX: String(index) };
  return { ...service.env, ...own };
}

/**
 * Below the range from which the kernel takes ports for outgoing connections: a port of that range may be taken again before
 * the service has it, and a probe of it may even connect to itself.
 */
const portRange = { first: 20_000, count: 10_000 } as const;

async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = portRange.first + randomInt(portRange.count);
    if (!taken.has(port) && (await portIsFree(port))) return port;
  }
}

/** Whether nobody listens on the port yet. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, serviceHost, () => server.close(() => resolve(true)));
  });
}
