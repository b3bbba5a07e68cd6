import type { KubernetesObject, ResourceType } from './object.ts';

/**
 * The API server as this engine uses it. It knows no step. `openClusterClient` (open-client.ts) makes the real one; tests of
 * the engine against a real cluster use the same.
 *
 * Errors are `KonvergeError`s: `cluster-unconfigured`, `cluster-unreachable` (no answer until the tries were used up),
 * `cluster-denied` (401), `cluster-forbidden` (403; the message has verb, resource and namespace), `cluster-refused` (the server
 * or a webhook refuses the object: 400, 409 but not AlreadyExists, 413, 422), `cluster-unavailable` (429, 5xx, a webhook that does not
 * answer, until the tries were used up), `crd-missing` (404 of a whole resource). Each call repeats itself, with growing pauses
 * and full jitter and honouring Retry-After, what may pass by itself, for at most `patienceMs` (an option of each call).
 */
export interface ClusterClient {
  /** For messages: the server's URL, the context's name, the namespace of the run. */
  readonly server: string;
  readonly context: string;
  readonly namespace: string;

  /** POST. `existed` if an object of that name was there already: then that one is returned (design.md 12.1). */
  create(
    type: ResourceType,
    object: KubernetesObject,
    options?: CallOptions,
  ): Promise<{ readonly object: KubernetesObject; readonly existed: boolean }>;
  get(type: ResourceType, name: string, options?: CallOptions): Promise<KubernetesObject | undefined>;
  /** All pages. */
  list(
    type: ResourceType,
    options?: ListOptions,
  ): Promise<{ readonly items: readonly KubernetesObject[]; readonly resourceVersion: string }>;
  /** JSON merge patch with our field manager. Undefined if the object is not there. */
  patch(type: ResourceType, name: string, patch: unknown, options?: CallOptions): Promise<KubernetesObject | undefined>;
  /** Background propagation unless told otherwise. False if it was not there (or, with `uid`, is another one by now). */
  remove(type: ResourceType, name: string, options?: RemoveOptions): Promise<boolean>;
  /** Removes what the selector matches, in portions (one big DELETECOLLECTION breaks at the request limit). How many. */
  removeAll(type: ResourceType, options: ListOptions & { readonly labelSelector: string }): Promise<number>;

  /** GET of any path, parsed: discovery, visibility, /version. Undefined on 404. */
  read(path: string, options?: CallOptions): Promise<unknown>;

  /** Whether this user may, in the order of the questions (SelfSubjectAccessReview). */
  mayI(questions: readonly AccessQuestion[], options?: CallOptions): Promise<readonly boolean[]>;

  /** Bytes of a container's log; with `follow` until the container ends, through reconnects and API server restarts. */
  logs(pod: string, options: LogReading): AsyncIterable<Uint8Array>;

  exec(pod: string, container: string, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;

  /** Follows all objects of a type that match, until closed. See reflector.ts for its life. */
  reflect(type: ResourceType, options: ReflectOptions): Reflection;

  close(): Promise<void>;
}

export interface CallOptions {
  /** Default: the client's. */
  readonly namespace?: string;
  readonly signal?: AbortSignal;
  /** For how long to repeat what may pass by itself. Default: 30 s. */
  readonly patienceMs?: number;
}

export interface ListOptions extends CallOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface RemoveOptions extends CallOptions {
  /** Only if it still is this one. */
  readonly uid?: string;
  readonly graceSeconds?: number;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Absent: cluster-wide. */
  readonly namespace?: string;
}

export interface LogReading extends CallOptions {
  readonly container: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
}

export interface ExecOptions extends CallOptions {
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly onStdout?: (chunk: Uint8Array) => void;
  readonly onStderr?: (chunk: Uint8Array) => void;
}

export interface ExecResult {
  readonly exitCode: number;
}

export interface ReflectOptions extends ListOptions {
  /** The newest state of an object. Called for each one of a (re)list that differs from what was told last. */
  readonly changed: (object: KubernetesObject) => void;
  /** It is gone: deleted, or not in a relist; with its last state known. */
  readonly gone: (object: KubernetesObject) => void;
  /** The server has not answered since then (ms since the epoch), or answers again (undefined). */
  readonly trouble?: (trouble: { readonly sinceMs: number; readonly message: string } | undefined) => void;
  /** A full relist at least this often. Default: 10 min, with jitter. */
  readonly relistMs?: number;
}

export interface Reflection {
  /** Resolves after the first list; rejects with `cluster-forbidden`, `crd-missing` and the like, which end the reflection. */
  readonly synced: Promise<void>;
  objects(): IterableIterator<KubernetesObject>;
  close(): void;
}
