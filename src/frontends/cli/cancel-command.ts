import { buildCommand } from '@stricli/core';
import { KonvergeError } from '../../domain/error.ts';
import { Cancelled } from '../http/schemas.ts';
import { coreOf, findStep, type RunFlags, runFlags } from './connection.ts';
import type { CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { reporting, say, sayJson } from './output.ts';

interface Flags extends RunFlags {
  readonly all: boolean;
}

/** Longer than any grace that a step gets before it is killed. */
const waitMs = 30_000;

export const cancelCommand = buildCommand<Flags, string[], CliContext>({
  docs: {
    brief: 'End steps and everything that they started',
    fullDescription:
      'Ends the named steps, or with --all every step of this directory, and waits until nothing of them runs.',
  },
  parameters: {
    flags: { ...runFlags, all: { kind: 'boolean', brief: 'Every step that is in flight', default: false } },
    positional: {
      kind: 'array',
      parameter: { brief: 'Id, label or rule of a step', parse: String, placeholder: 'STEP' },
    },
  },
  func(flags, ...wanted) {
    return reporting(this, flags.json, async () => {
      if (wanted.length === 0 && !flags.all) {
        throw new KonvergeError('request-invalid', 'no step is named', { hint: 'Name steps, or say --all.' });
      }
      const core = await coreOf(this, flags);
      const steps = await Promise.all(wanted.map(async (one) => (await findStep(core, one)).step));
      const answer = await core.call('POST', '/v1/steps/cancel', Cancelled, {
        steps: flags.all ? null : steps,
        waitMs,
      });
      if (flags.json) sayJson(this, answer);
      else
        say(
          this,
          `${answer.cancelled} cancelled${answer.stillRunning > 0 ? `, ${answer.stillRunning} still ending` : ''}`,
        );
      return exitCodes.done.code;
    });
  },
});
