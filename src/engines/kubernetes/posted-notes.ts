import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StepId } from '../../domain/brand.ts';

/**
 * Which steps have been posted: an empty file each. A later core that finds neither object nor note knows that a step has
 * never begun; with a note but no object, that it is gone.
 */
export class PostedNotes {
  private readonly folder: string;
  private readonly ids: Set<string>;

  constructor(stateDir: string) {
    this.folder = join(stateDir, 'posted');
    mkdirSync(this.folder, { recursive: true });
    this.ids = new Set(readdirSync(this.folder));
  }

  has(id: StepId): boolean {
    return this.ids.has(id);
  }

  add(id: StepId): void {
    if (this.ids.has(id)) return;
    writeFileSync(join(this.folder, id), '');
    this.ids.add(id);
  }

  remove(id: StepId): void {
    if (this.ids.delete(id)) rmSync(join(this.folder, id), { force: true });
  }

  /** Forgets all but these. */
  keep(ids: ReadonlySet<StepId>): void {
    for (const id of this.ids) if (!ids.has(id as StepId)) this.remove(id as StepId);
  }
}
