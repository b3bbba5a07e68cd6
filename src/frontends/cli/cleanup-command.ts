import { createInterface } from 'node:readline/promises';
import { buildCommand } from '@stricli/core';
import { stateDirOf } from '../../config/state-dir.ts';
import { KonvergeError } from '../../domain/error.ts';
import { findCore } from '../client/connect.ts';
import { type ClusterFlags, clusterFlags, clusterQuestion } from './cluster-flags.ts';
import type { CliContext, Leftovers, LeftRun, Removal } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { columns, formatDuration, reporting, say, sayJson } from './output.ts';

interface Flags extends ClusterFlags {
  readonly run?: string;
  readonly allRuns: boolean;
  readonly yes: boolean;
}

export const cleanupCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'Remove what runs have left in a Kubernetes namespace',
    fullDescription:
      'Lists what runs have left in the namespace: the Jobs of their steps, and Secrets whose Job is gone. With --run or --all-runs it removes them, after a question on a terminal or with --yes. It goes by labels of ours, so the directory of a run may be gone; nothing else is touched.',
  },
  parameters: {
    flags: {
      ...clusterFlags,
      run: {
        kind: 'parsed',
        parse: String,
        brief: 'Remove what this run has left',
        optional: true,
        placeholder: 'RUN',
      },
      allRuns: { kind: 'boolean', brief: 'Remove what all runs have left', default: false },
      yes: { kind: 'boolean', brief: 'Do not ask', default: false },
    },
    aliases: { y: 'yes' },
  },
  func(flags) {
    return reporting(this, flags.json, async () => {
      if (flags.run !== undefined && flags.allRuns) {
        throw new KonvergeError('request-invalid', '--run and --all-runs exclude each other', {
          hint: 'Give one of the two, or none to see what there is.',
        });
      }
      const question = clusterQuestion(this, flags);
      const leftovers = await this.openLeftovers(question);
      try {
        return await cleanUp(this, flags, leftovers, question.workdir);
      } finally {
        await leftovers.close();
      }
    });
  },
});

async function cleanUp(context: CliContext, flags: Flags, leftovers: Leftovers, workdir: string): Promise<number> {
  const { runs, namespace, ownRun } = leftovers;
  const chosen = flags.allRuns ? runs : runs.filter(({ run }) => run === flags.run);
  const removes = flags.allRuns || flags.run !== undefined;
  if (!removes || chosen.length === 0) {
    if (flags.json) for (const run of runs) sayJson(context, viewOf(run, leftovers));
    else for (const line of listLines(leftovers, flags.run, Date.now())) say(context, line);
    return exitCodes.done.code;
  }
  if (chosen.some(({ run }) => run === ownRun)) await refuseWhileAlive(workdir);
  if (!flags.json) for (const line of runLines(chosen, ownRun, Date.now())) say(context, line);
  if (!flags.yes && !(await isConfirmed(context, flags, sumOf(chosen), namespace))) {
    say(context, 'nothing was removed');
    return exitCodes.done.code;
  }
  for (const removal of await leftovers.remove(chosen.map(({ run }) => run))) {
    if (flags.json) sayJson(context, removal);
    else say(context, `${removal.run}: removed ${wordsOf(removal)}`);
  }
  if (!flags.json) say(context, 'their pods and Secrets go with the Jobs');
  return exitCodes.done.code;
}

/** The steps of a core that lives are not left: it would take them for lost, and run them again. */
async function refuseWhileAlive(workdir: string): Promise<void> {
  if (!(await findCore(stateDirOf(workdir)))) return;
  throw new KonvergeError('workdir-busy', `the run of ${workdir} still goes on`, {
    hint: 'End its steps with `konverge cancel --all`, or wait until it is done.',
  });
}

async function isConfirmed(context: CliContext, flags: Flags, sum: string, namespace: string): Promise<boolean> {
  const { stdin, stdout } = context.process;
  if (flags.json || stdin.isTTY !== true || stdout.isTTY !== true) {
    throw new KonvergeError('request-invalid', `nothing was removed: ${sum} in namespace ${namespace} would be`, {
      hint: 'Say --yes to remove them without a question.',
    });
  }
  const dialog = createInterface({ input: stdin, output: stdout });
  try {
    const answer = await dialog.question(`Remove ${sum} from namespace ${namespace}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialog.close();
  }
}

function listLines({ runs, namespace, ownRun }: Leftovers, wanted: string | undefined, nowMs: number): string[] {
  const none = wanted === undefined ? 'no run has left anything' : `there is nothing of run ${wanted}`;
  if (runs.length === 0) return [`${none} in namespace ${namespace}`];
  return [
    ...(wanted === undefined ? [] : [`${none} in namespace ${namespace}; there is:`]),
    ...runLines(runs, ownRun, nowMs),
    'to remove them: konverge cleanup --run RUN, or --all-runs',
  ];
}

function runLines(runs: readonly LeftRun[], ownRun: string | undefined, nowMs: number): string[] {
  const rows = runs.map((one) => [
    one.run,
    String(one.objects),
    String(one.unfinished),
    one.secrets === undefined ? '?' : String(one.secrets),
    formatDuration(Math.max(0, nowMs - one.newestAtMs)),
    one.run === ownRun ? 'of this directory' : '',
  ]);
  return columns([['RUN', 'JOBS', 'NOT ENDED', 'SECRETS ALONE', 'AGE', ''], ...rows]);
}

function sumOf(runs: readonly LeftRun[]): string {
  const count = (of: (run: LeftRun) => number): number => runs.reduce((sum, run) => sum + of(run), 0);
  const [jobs, secrets, unfinished] = [
    count(({ objects }) => objects),
    count((run) => run.secrets ?? 0),
    count((run) => run.unfinished),
  ];
  return [
    `${counted(jobs, 'Job')}${unfinished > 0 ? ` (${unfinished} of them not ended)` : ''}`,
    ...(secrets > 0 ? [counted(secrets, 'Secret')] : []),
  ].join(' and ');
}

function wordsOf({ removed }: Removal): string {
  const parts = Object.entries(removed).map(([kind, count]) => counted(count, kind));
  return parts.join(' and ') || 'nothing: it was gone already';
}

function viewOf(run: LeftRun, { namespace, ownRun }: Leftovers): object {
  return { ...run, namespace, ofThisDirectory: run.run === ownRun };
}

function counted(count: number, kind: string): string {
  return `${count} ${kind}${count === 1 ? '' : 's'}`;
}
