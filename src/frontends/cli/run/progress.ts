import type { z } from 'zod';
import type { StepState } from '../../../domain/state.ts';
import type { StepEvent } from '../../http/schemas.ts';
import type { WorkflowFacts } from './workflow-facts.ts';

export type EventData = Pick<z.infer<typeof StepEvent>, 'step' | 'rule' | 'label' | 'state' | 'reason'>;

/** Where the steps of one rule stand. */
export interface RuleProgress {
  readonly rule: string;
  /** Jobs that Snakemake announced; 0 where it did not. */
  readonly announced: number;
  readonly queued: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  readonly retried: number;
  /** Why one of its steps waits, or how the last one failed. */
  readonly remark: string;
}

type Column = 'queued' | 'running' | 'done' | 'failed' | 'retried';

interface Counts extends Record<Column, number> {
  remark: string;
}

/**
 * The state of a run as a person sees it, folded from its events. Each event moves one step from one column to another, so
 * that a run of ten thousand steps is as cheap to show as one of ten.
 */
export class Progress {
  readonly #columnOfStep = new Map<string, Column>();
  /** The newest attempt of each piece of work; when another begins, the failed one before it was a retry. */
  readonly #newestByLabel = new Map<string, string>();
  readonly #rules = new Map<string, Counts>();

  take(event: EventData): void {
    const counts = this.#countsOf(event.rule);
    const before = this.#newestByLabel.get(event.label);
    if (before !== undefined && before !== event.step && this.#columnOfStep.get(before) === 'failed') {
      this.#move(counts, before, 'retried');
    }
    this.#newestByLabel.set(event.label, event.step);
    const column = columnOf(event.state);
    this.#move(counts, event.step, column);
    if (column === 'failed' || event.reason !== '') counts.remark = event.reason;
    else if (column === 'done' && counts.failed === 0) counts.remark = '';
  }

  /** The rules in the order in which their first step came; rules that Snakemake runs itself are behind them. */
  rules(facts: Pick<WorkflowFacts, 'announced' | 'finished'>): RuleProgress[] {
    const rules = [...this.#rules].map(([rule, counts]) => ({
      rule,
      announced: facts.announced.get(rule) ?? 0,
      ...counts,
    }));
    for (const [rule, announced] of facts.announced) {
      if (this.#rules.has(rule)) continue;
      rules.push({ rule, announced, ...noCounts(), done: facts.finished.get(rule) ?? 0 });
    }
    return rules;
  }

  counts(): Readonly<Record<Column, number>> {
    const sum = noCounts();
    for (const counts of this.#rules.values()) {
      for (const column of ['queued', 'running', 'done', 'failed', 'retried'] as const) sum[column] += counts[column];
    }
    return sum;
  }

  #move(counts: Counts, step: string, to: Column): void {
    const from = this.#columnOfStep.get(step);
    if (from !== undefined) counts[from] -= 1;
    counts[to] += 1;
    this.#columnOfStep.set(step, to);
  }

  #countsOf(rule: string): Counts {
    const counts = this.#rules.get(rule) ?? noCounts();
    this.#rules.set(rule, counts);
    return counts;
  }
}

function noCounts(): Counts {
  return { queued: 0, running: 0, done: 0, failed: 0, retried: 0, remark: '' };
}

function columnOf(state: StepState): Column {
  switch (state) {
    case 'accepted':
    case 'queued':
      return 'queued';
    case 'admitted':
    case 'starting':
    case 'running':
    case 'committing':
      return 'running';
    case 'succeeded':
      return 'done';
    case 'failed':
    case 'cancelled':
      return 'failed';
  }
}
