import * as z from 'zod';

/** The wire form of domain/staging.ts, word for word. */
const Location = z.strictObject({
  store: z.string().min(1).describe('A store of the session'),
  bucket: z.string().describe('Empty for a directory'),
  key: z.string().describe('An absolute path for a directory'),
});

const relativePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), {
    message: "a path below the step's own directory",
  });

const File = z.strictObject({ path: relativePath, at: Location });

const Output = z.strictObject({
  ...File.shape,
  kind: z.enum(['file', 'directory']),
  touch: z.boolean(),
  update: z.boolean(),
  level: z.int().min(0).optional().describe('Of a group: in which level it was made'),
  ensure: z
    .strictObject({
      nonEmpty: z.boolean(),
      checksum: z.strictObject({ algorithm: z.string(), value: z.string() }).optional(),
    })
    .optional(),
});

const Benchmark = z.strictObject({
  ...File.shape,
  format: z.enum(['tsv', 'jsonl']),
  extended: z
    .strictObject({
      jobid: z.string(),
      ruleName: z.string(),
      wildcards: z.record(z.string(), z.unknown()),
      params: z.record(z.string(), z.unknown()),
      threads: z.number(),
      resources: z.record(z.string(), z.unknown()),
    })
    .optional(),
});

export const StagingRequest = z.strictObject({
  by: z.enum(['agent', 'step']).describe('step: it does its own input and output, which is only looked at afterwards'),
  area: Location.describe('Where manifests and sources are kept'),
  inputs: z.array(File),
  outputs: z.array(Output),
  logs: z.array(File),
  benchmark: Benchmark.optional(),
  inner: z.array(relativePath),
  sources: z.string().optional().describe("SHA-256 of the archive of the workflow's sources"),
});

export const GroupMemberRequest = z.strictObject({
  name: z.string(),
  shell: z.string().min(1),
  commands: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  threads: z.int().min(0),
  touch: z.array(z.string()),
  logs: z.array(z.string()),
  pipes: z.array(z.string()).describe('Named pipes that it writes'),
  service: z.boolean(),
  ready: z.array(z.string()).default([]).describe('What a service has made when it is ready'),
});

const S3 = z.strictObject({
  kind: z.literal('s3'),
  endpointUrl: z.url().optional(),
  region: z.string().optional(),
  credentials: z
    .strictObject({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string().optional() })
    .optional()
    .describe("Absent: the S3 client's own chain"),
  pathStyle: z.boolean().optional(),
  retries: z.int().min(0).optional(),
});

/** How a session's storage is reached. It holds credentials and is kept in memory only. */
export const StorageRequest = z.strictObject({
  stores: z.record(
    z.string().min(1),
    z.discriminatedUnion('kind', [S3, z.strictObject({ kind: z.literal('directory') })]),
  ),
  environment: z.record(z.string(), z.string()).describe("For the S3 client's own chain of credentials"),
  sources: z
    .strictObject({ digest: z.string().regex(/^[0-9a-f]{64}$/), path: z.string().startsWith('/') })
    .nullish()
    .describe("The archive of the workflow's sources"),
});
