import type { Container } from '../minicluster.ts';
import type { SettledCluster } from '../settle.ts';
import { hook, silence } from './sections.ts';

/** What the first pod does: the command, in one of four ways. */
export function lead(cluster: SettledCluster, container: Container): string[] {
  const { logging = {} } = cluster.spec;
  const end = silence(cluster);
  const work = container.batch ? batch(cluster, container) : once(cluster, container);
  return [
    ...(container.batch ? batchFile(container) : []),
    hook(container.commands?.brokerPre, end),
    `echo "Command provided is: \${command}"${end}`,
    'if [ "${command}" == "" ]; then',
    ...(logging.quiet ? [] : ['  echo "Without a command, for use by hand"']),
    '  flux broker --config-path ${cfg} ${brokerOptions}',
    'else',
    ...work.map((line) => `  ${line}`),
    'fi',
  ];
}

/** The command is expanded without quotes: its words are what blanks make of it, and file names for `*`. */
function once(cluster: SettledCluster, container: Container): string[] {
  const { spec } = cluster;
  const { logging = {}, flux } = spec;
  const prefix = container.commands?.prefix ?? '';
  const submit = `${flux.submitCommand || 'flux submit'} \${flags} --quiet --watch`;
  const words = container.launcher ? '${command}' : `${submit} \${command}`;
  const time = logging.timed ? '/usr/bin/time -f "FLUXTIME fluxsubmit wall time %E" ' : '';
  return [
    ...(container.launcher ? [] : flags(cluster)),
    ...(logging.quiet ? [] : [`echo "flux start -o --config \${cfg} \${brokerOptions} ${prefix} ${words}"`]),
    `${startOf(cluster)} ${time}${prefix} ${words}`,
  ];
}

function batch(cluster: SettledCluster, container: Container): string[] {
  const time = cluster.spec.logging?.timed ? '/usr/bin/time -f "FLUXTIME fluxsubmit wall time %E" ' : '';
  const work = 'sh -c "flux batch ${flags} --flags waitable ./flux-job.batch && flux job wait --all"';
  return [
    ...(cluster.spec.logging?.quiet ? [] : ['cat flux-job.batch']),
    ...flags(cluster),
    `${startOf(cluster)} ${time}${container.commands?.prefix ?? ''} ${work}${silence(cluster)}`,
  ];
}

function startOf({ spec }: SettledCluster): string {
  const time = spec.logging?.timed ? '/usr/bin/time -f "FLUXTIME fluxstart wall time %E" ' : '';
  const wrap = spec.flux.wrap ? `--wrap=${spec.flux.wrap} ` : '';
  return `${time}flux start ${wrap}-o --config \${cfg} \${brokerOptions}`;
}

/** Within double quotes of bash, so that quotes in a line end them. */
function batchFile({ command = '', batchRaw }: Container): string[] {
  const lines = command.split('\n').flatMap((line, index) => {
    if (batchRaw || line === '') return line === '' ? [] : [line];
    const files = `--error=\${FLUX_OUTPUT_DIR}/job-${index}.err --output=\${FLUX_OUTPUT_DIR}/job-${index}.out`;
    return [`flux submit --flags waitable ${files} ${line}`];
  });
  const tail = batchRaw ? [] : ['flux queue idle', 'flux jobs -a'];
  return [
    'rm -rf flux-job.batch',
    ['echo "#!/bin/bash', ...lines, ...tail, '" >> flux-job.batch'].join('\n'),
    'chmod +x flux-job.batch',
    'chown -R ${fluxuid} flux-job.batch',
  ];
}

/** Tasks on all pods if there are as many as pods; 0 tasks: one for each pod. */
function flags(cluster: SettledCluster): string[] {
  const { size, tasks, flux, logging } = cluster.spec;
  const amount = tasks === 0 ? `-N ${size}` : `${tasks >= size ? `-N ${size} ` : ''}-n${tasks}`;
  const more = `${flux.optionFlags ?? ''} ${logging?.debug ? ' -vvv' : ''}`;
  return [`flags="${amount} ${more}"`, `echo "Flags for flux are \${flags}"${silence(cluster)}`];
}
