import { mkdirSync, writeFileSync } from 'node:fs';
import { KonvergeError } from '../src/domain/error.ts';
import type { ManifestRef } from '../src/domain/manifest.ts';
import type { CommitSummary, ElsewhereAccess, Staging, StagingJob, StorageAccess } from '../src/ports/staging.ts';

/**
 * A test double of the agent: it moves nothing, says what it was asked for, and fails as it is told to. What the real one
 * does is tested in test/staging.
 */
export class ScriptedStaging implements Staging {
  configured = false;
  readonly calls: string[] = [];
  /** The errors of the next commits, in order. */
  readonly commitErrors: KonvergeError[] = [];
  /** Whether outputs are in storage when somebody looks. */
  present = true;
  /** While there is one for a kind of call, calls of this kind wait for it. */
  readonly gates: { stage?: () => Promise<void>; collect?: () => Promise<void>; commit?: () => Promise<void> } = {};

  configure(_access: StorageAccess): void {
    this.configured = true;
  }

  async forElsewhere(): Promise<ElsewhereAccess> {
    return { stores: {}, environment: {} };
  }

  async prepareElsewhere(): Promise<void> {
    this.calls.push('prepare');
  }

  async stage({ step, workdir }: StagingJob, signal: AbortSignal): Promise<void> {
    this.calls.push(`stage ${step}`);
    await this.pass('stage', signal);
    mkdirSync(workdir, { recursive: true });
    writeFileSync(`${workdir}/input`, 'staged');
  }

  async collect(
    { step, plan }: StagingJob,
    end: { readonly succeeded: boolean },
    _usage: unknown,
    signal: AbortSignal,
  ): Promise<ManifestRef | undefined> {
    this.calls.push(`collect ${step} ${end.succeeded}`);
    await this.pass('collect', signal);
    return end.succeeded ? { at: { ...plan.area, key: `manifests/${step}` } } : undefined;
  }

  async commit({ at }: ManifestRef, signal: AbortSignal): Promise<CommitSummary> {
    this.calls.push(`commit ${at.key}`);
    await this.pass('commit', signal);
    const error = this.commitErrors.shift();
    if (error) throw error;
    return { objects: 1, bytes: 1 };
  }

  async release({ at }: ManifestRef): Promise<void> {
    this.calls.push(`release ${at.key}`);
  }

  async discard({ at }: ManifestRef): Promise<void> {
    this.calls.push(`discard ${at.key}`);
  }

  async verify(): Promise<void> {
    this.calls.push('verify');
    if (!this.present) throw new KonvergeError('output-missing', 'out/a is not in storage');
  }

  async collectGarbage(ended: readonly Pick<StagingJob, 'step'>[]): Promise<{ readonly aborted: number }> {
    this.calls.push(`garbage ${ended.map(({ step }) => step).join(' ')}`);
    return { aborted: 0 };
  }

  async bring(_prefix: unknown, path: string): Promise<void> {
    writeFileSync(path, '');
  }

  async forget(): Promise<void> {}

  async close(): Promise<void> {}

  private async pass(kind: keyof ScriptedStaging['gates'], signal: AbortSignal): Promise<void> {
    const gate = this.gates[kind];
    if (!gate) return;
    const cut = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new KonvergeError('storage-failed', `${kind} was cut short`)));
    });
    await Promise.race([gate(), cut]);
  }

  /** The calls of one kind, without the step's name. */
  count(kind: string): number {
    return this.calls.filter((call) => call.startsWith(kind)).length;
  }
}
