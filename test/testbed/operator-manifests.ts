import { addresses } from './addresses.ts';

/** Any object of Kubernetes, as JSON. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** Where an operator listens that runs beside the API server instead of in a pod. */
export interface OperatorPlace {
  /** PEM of the authority that signed its certificate. */
  readonly authority: string;
  readonly webhookPort: number;
  /** Of the API that it adds to the API server's. */
  readonly apiPort?: number;
}

/** What is made for pods that we do not run. */
const dropped = new Set(['Deployment', 'Secret', 'Certificate', 'Issuer', 'ServiceMonitor']);
const hookKinds = new Set(['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'APIService']);

/**
 * An operator's own manifests, changed for a controller that runs outside of pods: its webhooks and conversions are called by
 * URL, the Service of its aggregated API is another name of this machine. Sorted so that each object comes after what it
 * needs.
 */
export function adaptManifests(manifests: readonly Manifest[], place: OperatorPlace): Manifest[] {
  return manifests
    .filter(({ kind }) => !dropped.has(kind))
    .flatMap((manifest) => adapt(manifest, place))
    .sort((one, other) => rank(one) - rank(other));
}

/** Calls that must not be registered before the operator answers them. */
export function isHook({ kind }: Manifest): boolean {
  return hookKinds.has(kind);
}

function adapt(manifest: Manifest, place: OperatorPlace): Manifest[] {
  switch (manifest.kind) {
    case 'MutatingWebhookConfiguration':
    case 'ValidatingWebhookConfiguration': {
      const webhooks = manifest['webhooks'] as readonly { readonly clientConfig: ClientConfig }[];
      const called = webhooks.map((hook) => ({ ...hook, clientConfig: byUrl(hook.clientConfig, place) }));
      return [{ ...manifest, webhooks: called }];
    }
    case 'CustomResourceDefinition':
      return [adaptDefinition(manifest, place)];
    case 'Service':
      // An APIService cannot have a URL; a Service that is an alias of this machine serves.
      return place.apiPort !== undefined && manifest.metadata.name.includes('visibility')
        ? [{ ...manifest, spec: { type: 'ExternalName', externalName: 'localhost' } }]
        : [];
    case 'APIService':
      return place.apiPort === undefined ? [] : [adaptApiService(manifest, place.apiPort)];
    default:
      return [manifest];
  }
}

interface ClientConfig {
  readonly service?: { readonly path?: string };
  readonly url?: string;
}

function byUrl({ service, ...rest }: ClientConfig, { authority, webhookPort }: OperatorPlace): object {
  return {
    ...rest,
    ...(service && { url: `https://${addresses.loopback}:${webhookPort}${service.path ?? '/'}` }),
    caBundle: Buffer.from(authority).toString('base64'),
  };
}

interface DefinitionSpec {
  readonly conversion?: { readonly webhook?: { readonly clientConfig?: ClientConfig } };
}

function adaptDefinition(manifest: Manifest, place: OperatorPlace): Manifest {
  const spec = manifest['spec'] as DefinitionSpec;
  const { conversion } = spec;
  const config = conversion?.webhook?.clientConfig;
  if (config === undefined) return manifest;
  const webhook = { ...conversion?.webhook, clientConfig: byUrl(config, place) };
  return { ...manifest, spec: { ...spec, conversion: { ...conversion, webhook } } };
}

function adaptApiService(manifest: Manifest, port: number): Manifest {
  const spec = manifest['spec'] as { readonly service: object };
  return { ...manifest, spec: { ...spec, service: { ...spec.service, port } } };
}

function rank({ kind }: Manifest): number {
  const first = ['Namespace', 'CustomResourceDefinition', 'ServiceAccount'].indexOf(kind);
  if (first >= 0) return first;
  return hookKinds.has(kind) ? 9 : 5;
}
