import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfiguration } from '../../../config/load.ts';
import { stateDirOf } from '../../../config/state-dir.ts';
import { connectCore } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatDuration, say } from '../output.ts';
import { announcementVariable } from './announcement.ts';
import { showFirstWave } from './first-wave.ts';
import { removeStaleLocks } from './leftovers.ts';
import { RunView } from './run-view.ts';
import { snakemakeArguments, withoutDryRun } from './snakemake-arguments.ts';
import { SnakemakeProcess } from './snakemake-process.ts';

/**
 * One run from beginning to end: the core is started and what a killed run left is cleared, Snakemake runs with our
 * executor, its events are shown, and the places of results, logs and record are told. Resolves with the exit code.
 */
export async function runWorkflow(
  context: CliContext,
  flags: { readonly json: boolean; readonly plain: boolean },
  given: readonly string[],
): Promise<number> {
  const bare = snakemakeArguments(given, { engine: 'local', engineFrom: '', cpus: 1 });
  const workdir = resolve(context.cwd, bare.directory ?? '.');
  const state = stateDirOf(workdir);
  const config = bare.config === undefined ? undefined : resolve(context.cwd, bare.config);
  const configuration = loadConfiguration(workdir, config);
  const args = snakemakeArguments(given, {
    engine: configuration.engine ?? 'local',
    engineFrom: configuration.engine ? 'konverge.yaml' : 'the default; konverge.yaml or --kueue-engine changes it',
    cpus: availableParallelism(),
  });
  const engine = engineIn(args.argv);
  const namespace = flagIn(args.argv, '--kueue-namespace');
  // A dry run on this machine has nothing to show that Snakemake's own does not.
  const showsManifests = args.isDryRun && engine === 'kubernetes';
  if (args.inspectsOnly && !showsManifests) return SnakemakeProcess.inherit(context, { argv: args.argv }).ended;

  const core = await connectCore(state, {
    command: context.selfCommand,
    engine,
    ...(config && { config }),
    ...(namespace && { namespace }),
  });
  if (showsManifests) return showFirstWave(context, state, { argv: withoutDryRun(args.argv), json: flags.json });
  const removed = await removeStaleLocks(core, workdir);
  const notes = [...args.added, ...(removed > 0 ? ['took over from a run that was killed'] : [])];
  const table = !flags.json && !flags.plain && context.process.stdout.isTTY === true;
  if (!flags.json) for (const note of notes) say(context, `konverge: ${note}`);

  const startedMs = Date.now();
  const announcement = join(state.path, `announced-${process.pid}.json`);
  const call = { argv: args.argv, env: { [announcementVariable]: announcement } };
  const snakemake =
    table || flags.json
      ? SnakemakeProcess.logged(context, call, join(state.path, 'snakemake.log'))
      : SnakemakeProcess.inherit(context, call);
  const view = new RunView(context, state, {
    table,
    json: flags.json,
    startedMs,
    announcement,
    facts: snakemake.facts,
  });
  const watching = view.watch();
  const leave = (): void => snakemake.abandon();
  // Ctrl-C reaches Snakemake by the terminal; we stay to say how it ended. SIGTERM is for us: leave, and let steps run on.
  const stay = (): void => {};
  process.on('SIGINT', stay);
  process.once('SIGTERM', leave);
  let code: number;
  try {
    code = await snakemake.ended;
  } finally {
    process.removeListener('SIGINT', stay);
    process.removeListener('SIGTERM', leave);
    await view.finish();
    await watching;
    rmSync(announcement, { force: true });
  }
  if (snakemake.abandoned) {
    // Now, while it can be seen that Snakemake is gone: the next run may be on another host. It would do it itself here.
    await removeStaleLocks(core, workdir).catch(() => 0);
    if (!flags.json)
      say(context, 'konverge: left the run; its running steps go on, and the next `konverge run` takes them up');
    return exitCodes.detached.code;
  }
  if (!flags.json) sayWhere(context, { code, elapsedMs: Date.now() - startedMs, view, snakemake });
  return code;
}

function engineIn(argv: readonly string[]): string {
  return flagIn(argv, '--kueue-engine') ?? 'local';
}

function flagIn(argv: readonly string[], flag: string): string | undefined {
  const index = argv.indexOf(flag);
  if (index >= 0) return argv[index + 1];
  return argv.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

function sayWhere(
  context: CliContext,
  facts: {
    readonly code: number;
    readonly elapsedMs: number;
    readonly view: RunView;
    readonly snakemake: SnakemakeProcess;
  },
): void {
  const { done, failed } = facts.view.progress.counts();
  const { session, state } = facts.view;
  say(context, '');
  say(
    context,
    `${facts.code === 0 ? 'finished' : 'failed'}: ${done} steps done${failed > 0 ? `, ${failed} failed` : ''} in ${formatDuration(facts.elapsedMs)}`,
  );
  if (facts.code !== 0) for (const line of facts.snakemake.lastWords()) say(context, `  ${line}`);
  say(context, `results   ${state.workdir}`);
  say(context, `logs      ${join(state.path, 'steps')}  (konverge logs STEP)`);
  if (facts.snakemake.logPath) say(context, `snakemake ${facts.snakemake.logPath}`);
  const record = session && join(state.runs, `${session}.json`);
  if (record && existsSync(record)) say(context, `manifest  ${record}`);
}
