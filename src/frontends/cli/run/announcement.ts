import { readFileSync } from 'node:fs';
import * as z from 'zod';

const Announcement = z.object({ workdir: z.string(), session: z.string() });

/** The variable by which the shim learns where to write its announcement. */
export const announcementVariable = 'KONVERGE_ANNOUNCE';

/** What the shim has announced: where its session is; undefined as long as it has not. */
export function readAnnouncement(path: string): z.infer<typeof Announcement> | undefined {
  try {
    return Announcement.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Not there yet, or half-written: it is read again.
    return undefined;
  }
}
