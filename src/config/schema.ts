import { z } from 'zod';

/**
 * The shape of konverge.yaml (design.md 12.16). `npm run check` holds docs/reference/konverge.schema.json to it.
 * Objects are strict: a key that nobody reads is a typing error of the author, and is named.
 */
const name = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower case letters, digits and dashes');
const quantity = z.union([z.number().nonnegative(), z.string()]).describe('A Kubernetes quantity: 500m, 2, 8Gi');

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
  security: z.enum(['restricted', 'baseline']).optional(),
  pod: z.record(z.string(), z.unknown()).optional().describe('A patch of the pod template; used on Kubernetes only'),
});

export const KonvergeYaml = z.strictObject({
  engine: z.string().optional().describe('kubernetes or local'),
  queue: name.optional().describe('The queue of steps that name none'),
  namespace: name.optional(),
  local: Local.optional(),
  images: z.strictObject({ default: z.string().min(1).optional() }).optional(),
  services: z.record(name, Service).optional(),
  rules: z.record(z.string(), Rule).optional(),
});
export type KonvergeYaml = z.infer<typeof KonvergeYaml>;
