/** How to know that a service answers: its port accepts a connection, or a file appears. */
export type Readiness = { readonly kind: 'tcp' } | { readonly kind: 'file'; readonly path: string };

/** A process that a step needs beside its application, such as a database (konverge.yaml, `services`). */
export interface ServiceSpec {
  /** Lower case, digits and dashes. The application finds it at KONVERGE_SERVICE_<NAME>_HOST and _PORT. */
  readonly name: string;
  /** The image that it runs in on Kubernetes, and locally when containers are on. */
  readonly image?: string;
  readonly command: readonly string[];
  /** Of the service alone; the application does not see them. */
  readonly env?: Readonly<Record<string, string>>;
  /** What each replica may count on; absent: little, and on this machine nothing. */
  readonly cpuMillis?: number;
  readonly memoryBytes?: number;
  /** 0 or absent: the engine picks a free port and tells the service by the same environment variable. */
  readonly port: number;
  readonly ready: Readiness;
  readonly replicas: number;
  readonly startTimeoutMs: number;
}

/** `key-store` → `KONVERGE_SERVICE_KEY_STORE`: the stem of the variables by which a step reaches a service. */
export function serviceVariableStem(name: string): string {
  return `KONVERGE_SERVICE_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/** Why a service is not ready that was to listen at a port which it does not state. */
export function chosenPortSentence(name: string, port: number | string): string {
  const variable = `${serviceVariableStem(name)}_PORT`;
  return `port ${port}, which konverge has chosen, accepts no connection: state the port at which it listens as its \`port\`, or have it listen at $${variable}`;
}

/** One process of a service, and where it answers. */
export interface ServiceAddress {
  readonly service: ServiceSpec;
  readonly index: number;
  readonly host: string;
  readonly port: number;
}

/** What the application and every service are told of all services: host and port of the first replica, and the list. */
export function serviceVariables(addresses: readonly ServiceAddress[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { service, index, host, port } of addresses) {
    const stem = serviceVariableStem(service.name);
    const address = `${host}:${port}`;
    if (index > 0) {
      env[`${stem}_HOSTS`] += `,${address}`;
      continue;
    }
    env[`${stem}_HOST`] = host;
    env[`${stem}_PORT`] = String(port);
    env[`${stem}_HOSTS`] = address;
  }
  return env;
}
