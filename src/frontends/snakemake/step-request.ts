import * as z from 'zod';
import { GroupMemberRequest, StagingRequest } from './staging-request.ts';

/** A resource as Snakemake evaluated it, and whether a rule states it or it is a default (design.md 12.6). */
const ResourceValue = z.strictObject({
  value: z.union([z.number(), z.string(), z.boolean()]),
  stated: z.boolean(),
});

const Execution = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('direct'), shell: z.string().min(1), commands: z.array(z.string()).min(1) }),
  z.strictObject({
    mode: z.literal('group'),
    levels: z
      .array(z.array(GroupMemberRequest).min(1))
      .min(1)
      .describe('One after another; members of a level at once'),
  }),
  z.strictObject({
    mode: z.literal('fallback'),
    command: z.string().min(1),
    reasons: z.array(z.string()),
    digest: z.string().optional().describe('What the step would do, as a hash; its command is no measure of it'),
  }),
]);

/** One job as the shim posts it. The words are Snakemake's; translate.ts makes a StepSpec of it. */
export const StepRequest = z.strictObject({
  ref: z.string().min(1),
  rule: z.string().min(1),
  label: z.string(),
  wildcards: z.record(z.string(), z.string()).optional(),
  attempt: z.int().min(1),
  priority: z.number().optional(),
  threads: z.int().min(0),
  inputs: z.array(z.strictObject({ path: z.string(), version: z.string() })),
  outputs: z.array(z.string()),
  logs: z.array(z.string()),
  resources: z.record(z.string(), ResourceValue),
  execution: Execution,
  cwd: z.string().startsWith('/'),
  env: z.record(z.string(), z.string()),
  container: z.string().min(1).nullish(),
  benchmark: z.boolean().optional(),
  staging: StagingRequest.nullish().describe('Absent: the step works in place'),
});
export type StepRequest = z.infer<typeof StepRequest>;
