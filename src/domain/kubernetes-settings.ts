/** What a person says of the Kubernetes engine (`kubernetes:`, `namespace:`, `images:` in konverge.yaml), parsed. */
export interface KubernetesSettings {
  /** A kubeconfig file; absent: KUBECONFIG, then ~/.kube/config, then the pod's own service account. */
  readonly kubeconfig?: string;
  /** Absent: the kubeconfig's current context. */
  readonly context?: string;
  /** Absent: the context's namespace, else `default`. */
  readonly namespace?: string;
  /** Where MiniClusters are; absent: the namespace's name with `-flux` behind it. */
  readonly miniClusterNamespace?: string;
  /**
   * The image of a view of Flux that the Flux Operator adds to the pods of a MiniCluster; `none`: the images of the steps have Flux.
   * Absent: the operator's own.
   */
  readonly fluxView?: string;
  /** The image of a step that has none of its own. Absent: such a step is refused. */
  readonly defaultImage?: string;
  /** The image of the agent, the sidecar that moves the files of a step. */
  readonly agentImage: string;
  /** An image with Snakemake and the storage plugins of the run, for steps that cannot go direct. Absent: `defaultImage`. */
  readonly snakemakeImage?: string;
  /** Who the containers of a step run as. */
  readonly runAs: { readonly uid: number; readonly gid: number };
  /** The Pod Security standard that step pods keep to. */
  readonly security: PodSecurity;
  readonly serviceAccount?: string;
  readonly pullSecrets: readonly string[];
  readonly pullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** A WorkloadPriorityClass, for steps that name none. */
  readonly priorityClass?: string;
  /** Volumes of every step, as Kubernetes writes them; a step whose directory lies in one works there in place. */
  readonly volumes: readonly StepVolume[];
  /** A patch of every step's pod template, merged strategically by name as `kubectl patch` does it. */
  readonly pod?: PodPatch;
  /** For how long an image may fail to be pulled, or a container to be made, before the step fails. */
  readonly imageTimeoutMs: number;
  /** The most of each of a step's output streams that is kept. */
  readonly logLimitBytes: number;
  /** How long a cancelled or preempted step may take to end after SIGTERM. */
  readonly graceMs: number;
}

export type PodSecurity = 'restricted' | 'baseline';

/** A piece of a PodTemplateSpec's `spec` (nodeSelector, tolerations, …) or `metadata` (labels, annotations). */
export type PodPatch = Readonly<Record<string, unknown>>;

export interface StepVolume {
  readonly name: string;
  /** Absolute, in the step's container. */
  readonly mountPath: string;
  readonly readOnly: boolean;
  /** The rest of a core/v1 Volume: `persistentVolumeClaim`, `hostPath`, `nfs`, … */
  readonly source: Readonly<Record<string, unknown>>;
}
