import { buildCommand } from '@stricli/core';
import { loadConfiguration } from '../../../config/load.ts';
import { asKonvergeError, KonvergeError } from '../../../domain/error.ts';
import { type ClusterFlags, clusterFlags, clusterQuestion } from '../cluster-flags.ts';
import type { CliContext, ClusterQuestion } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { columns, reporting, say, sayJson } from '../output.ts';
import { findPlugin, findPrograms } from './checks.ts';
import type { Finding } from './finding.ts';

interface Flags extends ClusterFlags {
  readonly engine?: string;
}

export const doctorCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'Say what is installed, what is missing and how to get it',
    fullDescription:
      'Checks this machine: programs, the Snakemake plugin, konverge.yaml. Then the engine: what the local one can do here (memory limits, process tracking, containers), or of a cluster whether it is reached, its versions, the rights of this user, the queues and their quotas, and what the namespace lets pods do. It changes nothing.',
  },
  parameters: {
    flags: {
      ...clusterFlags,
      engine: {
        kind: 'parsed',
        parse: String,
        brief: 'The engine to ask: local or kubernetes. Default: konverge.yaml, else local',
        optional: true,
        placeholder: 'NAME',
      },
    },
  },
  func(flags) {
    return reporting(this, flags.json, async () => {
      const question = clusterQuestion(this, flags);
      const configuration = findConfiguration(question);
      const engine = flags.engine ?? configuration.engine;
      if (!engines.includes(engine)) {
        throw new KonvergeError('engine-unknown', `doctor knows the engines ${engines.join(' and ')}, not ${engine}`);
      }
      const [programs, plugin, found] = await Promise.all([
        findPrograms(this),
        findPlugin(this),
        this.examineEngine({ ...question, engine }),
      ]);
      const findings = [findNode(this), ...programs, plugin, configuration.finding, ...found];
      if (flags.json) for (const finding of findings) sayJson(this, finding);
      else for (const line of findingLines(findings)) say(this, line);
      return findings.some(({ status }) => status === 'missing') ? exitCodes.incomplete.code : exitCodes.done.code;
    });
  },
});

const engines = ['local', 'kubernetes'];
const marks = { ok: 'ok', missing: 'MISSING', warning: 'WARNING', optional: 'not here' } as const;

function findingLines(findings: readonly Finding[]): string[] {
  return columns(
    findings.map(({ name, status, detail, remedy }) => [
      marks[status],
      name,
      remedy === ''
        ? detail
        : `${detail.replace(/\.+$/, '')}. ${status === 'optional' ? 'To get it' : 'What to do'}: ${remedy}`,
    ]),
  );
}

function findNode(context: CliContext): Finding {
  return { name: 'konverge', status: 'ok', detail: `${context.version} on Node ${process.versions.node}`, remedy: '' };
}

/** Of one that cannot be read the engine is not known; the default is then as good as any. */
function findConfiguration({ workdir, config }: ClusterQuestion): {
  readonly finding: Finding;
  readonly engine: string;
} {
  const name = 'konverge.yaml';
  try {
    const { path, engine = 'local' } = loadConfiguration(workdir, config);
    const detail = path ? `${path} is right` : 'none here; the defaults hold';
    return { finding: { name, status: 'ok', detail, remedy: '' }, engine };
  } catch (thrown) {
    const { message, hint } = asKonvergeError(thrown);
    return { finding: { name, status: 'missing', detail: message, remedy: hint }, engine: 'local' };
  }
}
