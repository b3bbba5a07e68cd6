import { resolve } from 'node:path';
import { buildCommand } from '@stricli/core';
import { loadConfiguration } from '../../../config/load.ts';
import { asKonvergeError } from '../../../domain/error.ts';
import { type RunFlags, runFlags } from '../connection.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { columns, reporting, say, sayJson } from '../output.ts';
import { findPlugin, findPrograms } from './checks.ts';
import type { Finding } from './finding.ts';

export const doctorCommand = buildCommand<RunFlags, [], CliContext>({
  docs: {
    brief: 'Say what is installed, what is missing and how to get it',
    fullDescription:
      'Checks this machine: programs, the Snakemake plugin, konverge.yaml, and what the local engine can do here (memory limits, process tracking, containers).',
  },
  parameters: { flags: runFlags },
  func(flags) {
    return reporting(this, flags.json, async () => {
      const findings = [
        findNode(this),
        ...(await findPrograms(this)),
        await findPlugin(this),
        findConfiguration(resolve(this.cwd, flags.directory ?? '.')),
        ...(await this.examineEngine(resolve(this.cwd, flags.directory ?? '.'))),
      ];
      if (flags.json) for (const finding of findings) sayJson(this, finding);
      else for (const line of findingLines(findings)) say(this, line);
      return findings.some(({ status }) => status === 'missing') ? exitCodes.incomplete.code : exitCodes.done.code;
    });
  },
});

const marks = { ok: 'ok', missing: 'MISSING', optional: 'not here' } as const;

function findingLines(findings: readonly Finding[]): string[] {
  return columns(
    findings.map(({ name, status, detail, remedy }) => [
      marks[status],
      name,
      remedy === '' ? detail : `${detail}. To get it: ${remedy}`,
    ]),
  );
}

function findNode(context: CliContext): Finding {
  return { name: 'konverge', status: 'ok', detail: `${context.version} on Node ${process.versions.node}`, remedy: '' };
}

function findConfiguration(workdir: string): Finding {
  try {
    const { path } = loadConfiguration(workdir);
    return {
      name: 'konverge.yaml',
      status: 'ok',
      detail: path ? `${path} is right` : 'none here; the defaults hold',
      remedy: '',
    };
  } catch (thrown) {
    const error = asKonvergeError(thrown);
    return { name: 'konverge.yaml', status: 'missing', detail: error.message, remedy: error.hint };
  }
}
