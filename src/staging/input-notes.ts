import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { isAbsent } from './disk-error.ts';

const Location = z.object({ store: z.string(), bucket: z.string(), key: z.string() });

/** What was staged for a step, kept in its notes until its outputs are collected. */
const InputNotes = z.object({
  /** Modification time of the newest input, as storage tells it. */
  newestMs: z.number().optional(),
  /** Of each input of the plan, in MB (2^20 bytes), as a benchmark wants it. */
  sizesMb: z.record(z.string(), z.number()),
  /** The files that share their bytes with the cache. */
  links: z.array(
    z.object({
      path: z.string(),
      at: Location,
      entry: z.string(),
      inode: z.string(),
      sizeBytes: z.string(),
      modifiedNs: z.string(),
    }),
  ),
});
export type InputNotes = z.infer<typeof InputNotes>;

export function writeInputNotes(notes: string, inputs: InputNotes): void {
  const path = join(notes, 'inputs.json');
  writeFileSync(`${path}.new`, JSON.stringify(inputs), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** A step that was never staged has none; then nothing is known of its inputs. */
export function readInputNotes(notes: string): InputNotes {
  try {
    return InputNotes.parse(JSON.parse(readFileSync(join(notes, 'inputs.json'), 'utf8')));
  } catch (error) {
    if (isAbsent(error)) return { sizesMb: {}, links: [] };
    throw error;
  }
}
