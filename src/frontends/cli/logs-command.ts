import { buildCommand } from '@stricli/core';
import { coreOf, findStep, type RunFlags, runFlags } from './connection.ts';
import type { CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { reporting, sayJson } from './output.ts';

interface Flags extends RunFlags {
  readonly follow: boolean;
  readonly stderr: boolean;
  readonly stdout: boolean;
}

export const logsCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: 'Print the log of a step',
    fullDescription:
      'Prints what a step wrote, its standard output and then its standard error. With --follow it goes on until the step has ended.',
  },
  parameters: {
    flags: {
      ...runFlags,
      follow: { kind: 'boolean', brief: 'Go on until the step has ended', default: false },
      stdout: { kind: 'boolean', brief: 'Standard output only', default: false },
      stderr: { kind: 'boolean', brief: 'Standard error only', default: false },
    },
    aliases: { f: 'follow' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Id, label or rule of the step', parse: String, placeholder: 'STEP' }],
    },
  },
  func(flags, wanted) {
    return reporting(this, flags.json, async () => {
      const core = await coreOf(this, flags);
      const step = await findStep(core, wanted);
      const streams =
        flags.stdout === flags.stderr
          ? (['stdout', 'stderr'] as const)
          : ([flags.stderr ? 'stderr' : 'stdout'] as const);
      const print = async (stream: 'stdout' | 'stderr'): Promise<void> => {
        const target = stream === 'stderr' && !flags.json ? this.process.stderr : this.process.stdout;
        for await (const chunk of core.bytes(`/v1/steps/${step.step}/logs?stream=${stream}&follow=${flags.follow}`)) {
          if (flags.json) sayJson(this, { stream, text: Buffer.from(chunk).toString('utf8') });
          else target.write(chunk);
        }
      };
      // Followed side by side as they come; otherwise one after the other, so that they can be read.
      if (flags.follow) await Promise.all(streams.map(print));
      else for (const stream of streams) await print(stream);
      return exitCodes.done.code;
    });
  },
});
