import { buildCommand } from '@stricli/core';
import { StepList } from '../http/schemas.ts';
import { coreOf, type RunFlags, runFlags, type StepViewData } from './connection.ts';
import type { CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { columns, formatDuration, reporting, say, sayJson } from './output.ts';

interface Flags extends RunFlags {
  readonly all: boolean;
}

export const statusCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'Show the steps of a run and where they stand',
    fullDescription:
      'Shows the steps of the newest run in this directory: state, rule, queue and kind, how long, and why they wait or failed.',
  },
  parameters: {
    flags: {
      ...runFlags,
      all: { kind: 'boolean', brief: 'The steps of all runs, not only of the newest', default: false },
    },
  },
  func(flags) {
    return reporting(this, flags.json, async () => {
      const core = await coreOf(this, flags);
      const { steps } = await core.call('GET', '/v1/steps', StepList);
      const newest = steps.at(-1)?.session;
      const shown = flags.all ? steps : steps.filter(({ session }) => session === newest);
      if (flags.json) for (const step of shown) sayJson(this, step);
      else for (const line of statusLines(shown, Date.now())) say(this, line);
      return exitCodes.done.code;
    });
  },
});

export function statusLines(steps: readonly StepViewData[], nowMs: number): string[] {
  if (steps.length === 0) return ['no steps yet'];
  const rows = steps.map((step) => [
    step.state,
    step.label,
    step.attempt > 1 ? `attempt ${step.attempt}` : '',
    `${step.queue}/${step.kind}`,
    step.startedAtMs === undefined ? '' : formatDuration((step.endedAtMs ?? nowMs) - step.startedAtMs),
    step.step,
    step.failure?.message ?? step.reason,
  ]);
  const counts = new Map<string, number>();
  for (const { state } of steps) counts.set(state, (counts.get(state) ?? 0) + 1);
  const sum = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  return [
    ...columns([['STATE', 'STEP', '', 'QUEUE/KIND', 'TIME', 'ID', 'REASON'], ...rows]),
    `${steps.length} steps: ${sum}`,
  ];
}
