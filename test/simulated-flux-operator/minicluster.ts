/** A MiniCluster as the API server keeps it: its definition has checked the types and filled in the defaults. */
export interface MiniCluster {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion?: string;
  };
  readonly spec: MiniClusterSpec;
  readonly status?: MiniClusterStatus;
}

export interface MiniClusterSpec {
  readonly containers: readonly Container[];
  readonly services?: readonly Container[];
  readonly size?: number;
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly tasks?: number;
  readonly backoffLimit?: number;
  readonly deadlineSeconds?: number;
  readonly interactive?: boolean;
  readonly cleanup?: boolean;
  readonly shareProcessNamespace?: boolean;
  readonly jobLabels?: Words;
  readonly archive?: { readonly path?: string };
  readonly network?: { readonly headlessName?: string; readonly disableAffinity?: boolean };
  readonly logging?: Logging;
  readonly flux?: Flux;
  readonly pod?: Pod;
}

export interface Logging {
  readonly quiet?: boolean;
  readonly strict?: boolean;
  readonly debug?: boolean;
  readonly timed?: boolean;
  readonly zeromq?: boolean;
}

export interface Flux {
  readonly container?: FluxContainer;
  readonly submitCommand?: string;
  readonly wrap?: string;
  readonly connectTimeout?: string;
  readonly optionFlags?: string;
  readonly minimalService?: boolean;
  readonly disableSocket?: boolean;
  readonly topology?: string;
  readonly noWaitSocket?: boolean;
  readonly completeWorkers?: boolean;
  readonly logLevel?: number;
  readonly curveCert?: string;
  readonly brokerConfig?: string;
  readonly environment?: Words;
  readonly scheduler?: { readonly simple?: boolean; readonly queuePolicy?: string };
  readonly bursting?: Bursting;
}

export interface Bursting {
  readonly leadBroker?: {
    readonly address: string;
    readonly name: string;
    readonly size: number;
    readonly port?: number;
  };
  readonly hostlist?: string;
  readonly clusters?: readonly { readonly name?: string; readonly size?: number }[];
}

export interface FluxContainer {
  readonly disable?: boolean;
  readonly name?: string;
  readonly image?: string;
  readonly mountPath?: string;
  readonly workingDir?: string;
  readonly pythonPath?: string;
  readonly pullAlways?: boolean;
  readonly resources?: object;
  readonly securityContext?: object;
}

export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly imagePullSecret?: string;
  readonly pullAlways?: boolean;
  readonly workingDir?: string;
  readonly command?: string;
  readonly commands?: Commands;
  readonly runFlux?: boolean;
  readonly launcher?: boolean;
  readonly batch?: boolean;
  readonly batchRaw?: boolean;
  readonly logs?: string;
  readonly noWrapEntrypoint?: boolean;
  readonly ports?: readonly number[];
  readonly environment?: Words;
  readonly secrets?: Readonly<Record<string, { readonly name: string; readonly key: string }>>;
  readonly volumes?: Readonly<Record<string, Volume>>;
  readonly lifeCycle?: { readonly postStartExec?: string; readonly preStopExec?: string };
  readonly resources?: object;
  readonly securityContext?: object;
}

export interface Commands {
  readonly prefix?: string;
  readonly script?: string;
  readonly init?: string;
  readonly pre?: string;
  readonly post?: string;
  readonly workerPre?: string;
  readonly brokerPre?: string;
  readonly servicePre?: string;
}

export interface Volume {
  readonly path?: string;
  readonly hostPath?: string;
  readonly configMapName?: string;
  readonly items?: Words;
  readonly claimName?: string;
  readonly secretName?: string;
  readonly readOnly?: boolean;
  readonly emptyDir?: boolean;
  readonly emptyDirMedium?: string;
  readonly emptyDirSizeLimit?: string;
  readonly csiDriver?: string;
  readonly csiDriverAttributes?: Words;
}

export interface Pod {
  readonly annotations?: Words;
  readonly labels?: Words;
  readonly restartPolicy?: string;
  readonly serviceAccountName?: string;
  readonly runtimeClassName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly schedulerName?: string;
  readonly nodeSelector?: Words;
  readonly nodeAffinity?: Readonly<Record<string, readonly string[]>>;
  readonly tolerations?: readonly Toleration[];
  readonly dnsPolicy?: string;
  readonly hostIPC?: boolean;
  readonly hostPID?: boolean;
  readonly resources?: Words;
  readonly securityContext?: { readonly fsGroup?: number };
}

export interface Toleration {
  readonly key?: string;
  readonly effect?: string;
  readonly operator?: string;
  readonly value?: string;
}

export interface MiniClusterStatus {
  readonly size: number;
  readonly selector: string;
  readonly jobid: string;
  readonly maximumSize: number;
  readonly conditions?: readonly Condition[];
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export type Words = Readonly<Record<string, string>>;

/** Something to be made. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export const group = 'flux-framework.org';
export const version = 'v1alpha2';

/** The ConfigMap with the scripts of all containers. */
export function entrypointName({ metadata }: MiniCluster): string {
  return `${metadata.name}-entrypoint`;
}

/** Whether a script of the operator's runs in the container that is not the one of Flux. */
export function isWrapped({ runFlux, noWrapEntrypoint }: Container): boolean {
  return !runFlux && !noWrapEntrypoint;
}

/** By name; of two volumes of one name the later one counts. */
export function volumesOf(containers: readonly Container[]): Record<string, Volume> {
  return Object.assign({}, ...containers.map(({ volumes }) => volumes ?? {})) as Record<string, Volume>;
}

/** With the MiniCluster as its owner: it goes when that one goes. */
export function owned({ apiVersion, kind, metadata: { name, uid } }: MiniCluster, manifest: Manifest): Manifest {
  const owner = { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
  return { ...manifest, metadata: { ...manifest.metadata, ownerReferences: [owner] } };
}
