import {
  type ServiceAddress,
  type ServiceSpec,
  serviceVariableStem,
  serviceVariables,
} from '../../../../domain/service.ts';
import { memberHost, memberName } from './members.ts';

/** Of a service that leaves it to us: each pod has a network of its own, so all may have the same. */
const freePort = 20_000;

export function portOf({ port }: Pick<ServiceSpec, 'port'>): number {
  return port > 0 ? port : freePort;
}

/** What the application and all services are told, as on the local engine; there the hosts are one, and the ports differ. */
export function addressVariables(services: readonly ServiceSpec[], jobSet: string): Readonly<Record<string, string>> {
  return serviceVariables(addressesOf(services, jobSet));
}

/** Of every replica of every service. */
export function hostsOf(services: readonly ServiceSpec[], jobSet: string): readonly string[] {
  return addressesOf(services, jobSet).map(({ host }) => host);
}

function addressesOf(services: readonly ServiceSpec[], jobSet: string): readonly ServiceAddress[] {
  return services.flatMap((service) =>
    Array.from({ length: service.replicas }, (_none, index) => {
      return { service, index, host: memberHost(jobSet, memberName(service), index), port: portOf(service) };
    }),
  );
}

/** What a service is told besides; its index is its pod's own, and is not known here. */
export function ownVariables(service: ServiceSpec): Readonly<Record<string, string>> {
  return { ...service.env, [`${serviceVariableStem(service.name)}_PORT`]: String(portOf(service)) };
}
