import * as z from 'zod';

/**
 * The shape of konverge.yaml (design.md 12.16). `npm run check` holds docs/reference/konverge.schema.json to it.
 * Objects are strict: a key that nobody reads is a typing error of the author, and is named.
 */
const name = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower case letters, digits and dashes');
const quantity = z.union([z.number().nonnegative(), z.string()]).describe('A Kubernetes quantity: 500m, 2, 8Gi');

const fluxView = z
  .string()
  .min(1)
  .describe(
    "Of MiniClusters: the image of a view of Flux that is added to the pods, or none if the step's image has Flux",
  );
const security = z.enum(['restricted', 'baseline']).describe('A Pod Security standard; used on Kubernetes only');

export const LocalQueue = z.strictObject({
  cpu: quantity.optional().describe("Default: the machine's cpus"),
  memory: quantity.optional().describe("Default: the machine's memory"),
  gpu: z.int().nonnegative().optional().describe('Default: 0'),
  priority: z.int().optional().describe('Higher goes first when several queues wait. Default: 0'),
  custom: z
    .record(z.string(), z.number().nonnegative())
    .optional()
    .describe('Any other countable resource, by the name that rules use'),
});

export const Local = z.strictObject({
  containers: z
    .union([z.enum(['on', 'off']), z.boolean()])
    .optional()
    .describe("Whether a rule's container: is honoured on this machine. Default: off, as Snakemake does"),
  queues: z.record(name, LocalQueue).optional(),
  cancel_grace: z
    .union([z.number().nonnegative(), z.string()])
    .optional()
    .describe('From SIGTERM to SIGKILL: seconds, or a string such as "10s". Default: 5'),
  memory_limit: z.enum(['auto', 'cgroup', 'watch']).optional(),
  process_tracking: z.enum(['auto', 'cgroup', 'scan']).optional(),
});

export const Service = z.strictObject({
  image: z.string().min(1).optional(),
  command: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).optional().describe('Variables of the service alone'),
  cpu: quantity.optional().describe('Of each replica. Default: 100m on Kubernetes, not counted locally'),
  memory: quantity
    .optional()
    .describe('Of each replica, a limit too. Default: 128Mi requested on Kubernetes, not counted locally'),
  port: z
    .int()
    .min(0)
    .max(65535)
    .optional()
    .describe('0 or absent: a free port is chosen and told by KONVERGE_SERVICE_<NAME>_PORT'),
  ready: z
    .union([z.literal('tcp'), z.strictObject({ file: z.string().min(1) })])
    .optional()
    .describe('tcp, or { file: PATH }. Default: tcp'),
  replicas: z.int().min(1).optional(),
  start_timeout: z.union([z.number().positive(), z.string()]).optional().describe('Seconds, or "2m". Default: 60'),
});

export const Rule = z.strictObject({
  queue: name.optional(),
  priority: z.union([z.string(), z.int()]).optional(),
  operator: z.string().optional(),
  services: z.array(name).optional(),
  image: z.string().min(1).optional(),
  security: security.optional(),
  topology: z
    .string()
    .optional()
    .describe("Kueue's: required: LABEL, preferred: LABEL, or unconstrained; used on Kubernetes only"),
  gates: z
    .array(z.string())
    .optional()
    .describe("Kueue's admission gates, such as example.com/budget; used on Kubernetes only"),
  flux_view: fluxView.optional(),
  pod: z.record(z.string(), z.unknown()).optional().describe('A patch of the pod template; used on Kubernetes only'),
});

export const Volume = z
  .looseObject({
    name,
    mount_path: z.string().startsWith('/').describe('Where steps see it; a run below it works there in place'),
    read_only: z.boolean().optional().describe('Default: false'),
  })
  .describe('A volume of every step: its name, where it is mounted, and one source as a pod has it');

export const Kubernetes = z.strictObject({
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe('Default: KUBECONFIG, ~/.kube/config, or the service account of the pod'),
  context: z.string().min(1).optional().describe("Default: the kubeconfig's current context"),
  run_as: z
    .strictObject({ uid: z.int().min(0), gid: z.int().min(0).optional() })
    .optional()
    .describe('Who the containers of steps run as. Default: 1000'),
  security: security.optional().describe('The Pod Security standard that steps keep to. Default: restricted'),
  service_account: name.optional().describe('Its token is never mounted'),
  pull_secrets: z.array(z.string().min(1)).optional(),
  pull_policy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  minicluster_namespace: name
    .optional()
    .describe('Where MiniClusters are. Default: the namespace with -flux behind it'),
  flux_view: fluxView.optional(),
  priority_class: z.string().min(1).optional().describe('A WorkloadPriorityClass, for steps that name none'),
  volumes: z.array(Volume).optional(),
  pod: z.record(z.string(), z.unknown()).optional().describe("A patch of every step's pod template"),
  image_timeout: z
    .union([z.number().positive(), z.string()])
    .optional()
    .describe('For how long an image may fail to be pulled before the step fails: seconds, or "10m". Default: 300'),
  log_limit: quantity.optional().describe("The most that is kept of each of a step's output streams. Default: 256Mi"),
  cancel_grace: z
    .union([z.number().nonnegative(), z.string()])
    .optional()
    .describe('From SIGTERM to SIGKILL: seconds, or a string such as "10s". Default: 30'),
});

export const KonvergeYaml = z.strictObject({
  engine: z.string().optional().describe('kubernetes or local'),
  queue: name.optional().describe('The queue of steps that name none'),
  namespace: name.optional(),
  local: Local.optional(),
  kubernetes: Kubernetes.optional(),
  images: z
    .strictObject({
      default: z.string().min(1).optional().describe('For steps whose rule names none'),
      agent: z
        .string()
        .min(1)
        .optional()
        .describe("The sidecar that moves the files of a step. Default: this version's"),
      snakemake: z.string().min(1).optional().describe('For steps that Snakemake itself runs. Default: images.default'),
    })
    .optional(),
  services: z.record(name, Service).optional(),
  rules: z.record(z.string(), Rule).optional(),
});
export type KonvergeYaml = z.infer<typeof KonvergeYaml>;
