import type { Container } from '../minicluster.ts';
import type { SettledCluster } from '../settle.ts';
import { lead } from './lead.ts';
import { customScript, hook, pathsSection, scriptOf, silence, strictness, viewSection } from './sections.ts';

/** `wait-N.sh`, of the container that runs Flux: prepares, and starts the lead on the first pod, a follower on all others. */
export function waitScript(cluster: SettledCluster, container: Container): string {
  const { logging = {}, flux } = cluster.spec;
  const { commands = {} } = container;
  const end = silence(cluster);
  const wrap = flux.wrap ? `--wrap=${flux.wrap} ` : '';
  return scriptOf([
    strictness(cluster),
    logging.timed ? ['[ -x /usr/bin/time ] || (echo "logging.timed needs /usr/bin/time in the image" && exit 1)'] : [],
    // A user without a name ends a strict script here.
    ['fluxuser=$(whoami)', 'fluxuid=$(id -u $fluxuser)'],
    [hook(commands.init, logging.quiet ? ' > /dev/null' : '')],
    viewSection(cluster),
    pathsSection(cluster),
    ['cfg="${configroot}/etc/flux/config"', `command="${container.command ?? ''}"`],
    customScript(container),
    certificate(cluster),
    resources(cluster),
    [
      'export STATE_DIR=${configroot}/var/lib/flux',
      `export FLUX_OUTPUT_DIR=${container.logs || '/tmp/fluxout'}`,
      'mkdir -p ${STATE_DIR} ${FLUX_OUTPUT_DIR}',
      `mainHost="${cluster.metadata.name}-0"`,
      'workdir=$(pwd)',
      ...(logging.quiet ? [] : ['echo "$(hostname) in ${workdir}, lead is ${mainHost}"', 'ls .']),
      'mkdir -p ${configroot}/etc/flux/system/cron.d',
      `brokerOptions="${brokerOptions(cluster)}"`,
    ],
    archive(cluster),
    [hook(commands.pre, end)],
    [
      'if [ $(hostname) == "${mainHost}" ]; then',
      ...lead(cluster, container),
      'else',
      hook(commands.workerPre, end),
      `echo "flux start ${wrap}-o --config \${configroot}/etc/flux/config \${brokerOptions}"`,
      ...follower(cluster),
      'fi',
    ],
    [commands.post ?? ''],
    // With this as the last line, a script that is not strict ends well whatever happened before.
    ['touch $viewbase/flux-operator-complete.txt'],
  ]);
}

/** Tries for ever; a failure ends a strict script at once, as nothing guards it. */
function follower({ spec }: SettledCluster): string[] {
  return [
    'while true; do',
    '  flux start -o --config ${configroot}/etc/flux/config ${brokerOptions}',
    '  retval=$?',
    `  if [[ "\${retval}" -eq 0 ]] || [[ "${spec.flux.completeWorkers ?? false}" == "true" ]]; then`,
    '    echo "The follower has ended."',
    '    break',
    '  fi',
    '  echo "The follower has ended with ${retval}; once more in 15 s."',
    '  sleep 15',
    'done',
  ];
}

function certificate({ spec }: SettledCluster): string[] {
  return [
    ...(spec.logging?.quiet ? [] : ['echo "I am ${fluxuser}"']),
    'curvepath=$configroot/curve/curve.cert',
    'mkdir -p $configroot/curve',
    'cp /flux_operator/curve.cert $curvepath',
    ...(spec.logging?.quiet ? [] : ['cat ${curvepath}']),
    'chmod o-r,g-r ${curvepath}',
    'chown -R ${fluxuid} ${curvepath}',
  ];
}

/** Every host is taken to be like this one. */
function resources({ spec }: SettledCluster): string[] {
  return [
    'hosts=$(cat ${configroot}/etc/flux/system/hostlist)',
    'flux R encode --hosts=${hosts} --local > /tmp/R',
    'mv /tmp/R ${configroot}/etc/flux/system/R',
    ...(spec.logging?.quiet ? [] : ['cat ${configroot}/etc/flux/system/R']),
  ];
}

function archive({ spec }: SettledCluster): string[] {
  const file = spec.archive?.path;
  if (!file) return [];
  return [`if [[ -e "${file}" ]]; then`, `  brokerOptions="\${brokerOptions} -Scontent.restore=${file}"`, 'fi'];
}

function brokerOptions(cluster: SettledCluster): string {
  const { spec } = cluster;
  const { flux, logging = {} } = spec;
  const quorum = quorumOf(cluster);
  return [
    '-Scron.directory=${configroot}/etc/flux/system/cron.d',
    '-Stbon.fanout=256',
    '-Srundir=${configroot}/run/flux',
    ...(spec.interactive ? ['-Sbroker.rc2_none'] : []),
    '-Sstatedir=${STATE_DIR}',
    ...(flux.disableSocket ? [] : ['-Slocal-uri=local://$configroot/run/flux/local']),
    ...(flux.connectTimeout ? [`-Stbon.connect_timeout=${flux.connectTimeout}`] : []),
    ...(flux.topology ? [`-Stbon.topo=${flux.topology}`] : []),
    ...(quorum === undefined ? [] : [`-Sbroker.quorum=${quorum}`]),
    ...(logging.zeromq ? ['-Stbon.zmqdebug=1'] : []),
    `-Slog-stderr-level=${logging.quiet ? 0 : flux.logLevel || 6}`,
    '-Slog-stderr-mode=local',
  ].join(' ');
}

/** How many brokers must be there before the command runs, where it is not all of them. */
function quorumOf({ spec }: SettledCluster): number | undefined {
  if (spec.minSize) return spec.minSize;
  return spec.maxSize === spec.size ? undefined : spec.size;
}
