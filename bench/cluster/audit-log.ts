import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { testbed } from './testbed.ts';

const Event = z.object({
  stage: z.string(),
  verb: z.string(),
  userAgent: z.string().catch(''),
  requestReceivedTimestamp: z.string(),
});
type Event = z.infer<typeof Event>;

/** Requests since then, each once, as the API server has noted them (level Metadata). */
export function auditedRequests(fromMs: number): readonly Event[] {
  return readFileSync(testbed.auditLog, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const parsed = Event.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    })
    .filter(({ stage, requestReceivedTimestamp }) => {
      const atMs = Date.parse(requestReceivedTimestamp);
      // A watch is told twice: when it begins, and when it ends.
      return atMs >= fromMs && (stage === 'ResponseComplete' || stage === 'ResponseStarted');
    })
    .filter(({ stage, verb }) => (verb === 'watch' ? stage === 'ResponseStarted' : stage === 'ResponseComplete'));
}
