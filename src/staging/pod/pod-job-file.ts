import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { StepId } from '../../domain/brand.ts';
import { KonvergeError } from '../../domain/error.ts';
import type { PodJob } from '../../domain/pod-job.ts';
import { secretKeys } from '../../domain/pod-layout.ts';

const Location = z.object({ store: z.string(), bucket: z.string(), key: z.string() });
const File = z.object({ path: z.string(), at: Location });
const Checksum = z.object({ algorithm: z.string(), value: z.string() });
const Output = z.object({
  ...File.shape,
  kind: z.enum(['file', 'directory']),
  touch: z.boolean(),
  update: z.boolean(),
  level: z.number().optional(),
  ensure: z.object({ nonEmpty: z.boolean(), checksum: Checksum.optional() }).optional(),
});
const Benchmark = z.object({
  ...File.shape,
  format: z.enum(['tsv', 'jsonl']),
  extended: z
    .object({
      jobid: z.string(),
      ruleName: z.string(),
      wildcards: z.record(z.string(), z.unknown()),
      params: z.record(z.string(), z.unknown()),
      threads: z.number(),
      resources: z.record(z.string(), z.unknown()),
    })
    .optional(),
});
const Plan = z.object({
  by: z.enum(['agent', 'step']),
  area: Location,
  inputs: z.array(File),
  outputs: z.array(Output),
  logs: z.array(File),
  benchmark: Benchmark.optional(),
  inner: z.array(z.string()),
  sources: z.string().optional(),
});
const Store = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('s3'),
    endpointUrl: z.string().optional(),
    region: z.string().optional(),
    credentials: z
      .object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string().optional() })
      .optional(),
    pathStyle: z.boolean().optional(),
    retries: z.number().optional(),
  }),
  z.object({ kind: z.literal('directory') }),
]);
const Job = z.object({
  version: z.literal(1),
  step: z.string().transform((id) => id as StepId),
  workdir: z.string().startsWith('/'),
  commands: z.int().nonnegative(),
  hosts: z.array(z.string()).optional(),
  staging: Plan.optional(),
  stores: z.record(z.string(), Store),
  environment: z.record(z.string(), z.string()),
  logs: Location.optional(),
  logLimitBytes: z.number().nonnegative(),
});

/** Reads what the step's Secret tells the agent. What is wrong is said by its path only: the values are secret. */
export function readPodJob(folder: string): PodJob {
  const path = `${folder}/${secretKeys.job}`;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'it is not JSON';
    throw new KonvergeError('internal', `${path} cannot be read: ${why}`);
  }
  const parsed = Job.safeParse(value);
  if (parsed.success) return parsed.data as PodJob;
  const places = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new KonvergeError('internal', `${path} is not a job of this version, at: ${places}`);
}
