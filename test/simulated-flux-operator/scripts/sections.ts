import type { Container } from '../minicluster.ts';
import type { SettledCluster } from '../settle.ts';

/**
 * What the scripts of a container share. They behave as those of the Flux Operator do, with the same names of variables, files
 * and folders; their text is ours. What a user says is pasted in as it is, and is bash.
 */

/** At the end of a line of what is silent in quiet mode. */
export function silence({ spec }: SettledCluster): string {
  return spec.logging?.quiet ? ' > /dev/null 2>&1' : '';
}

/** A hook of the user's; of several lines only the last one is silenced. */
export function hook(words: string | undefined, end: string): string {
  return `${words ?? ''}${end}`;
}

/** First of all, before anything can fail. */
export function strictness({ spec }: SettledCluster): string[] {
  return spec.logging?.strict ? ['set -eEu -o pipefail'] : [];
}

/** Folders; what the view brought comes last on the PATH, so Flux of the image has precedence. */
export function viewSection({ spec }: SettledCluster): string[] {
  const { mountPath, disable } = spec.flux.view;
  const told = !spec.logging?.quiet && !disable;
  return [
    `viewbase="${mountPath}"`,
    'viewroot=${viewbase}/view',
    'configroot=${viewbase}/config',
    'software="${viewbase}/software"',
    'viewbin="${viewroot}/bin"',
    'fluxpath=${viewbin}/flux',
    ...(told ? ['echo "The view with Flux is in ${viewroot}"'] : []),
    ...(disable ? [] : ['export PATH=$PATH:${viewbin}']),
    '# It fails without harm where there is nothing to copy.',
    'if [[ -e /opt/software ]]; then',
    '  cp -R ${viewbase}/software/* /opt/software/ || true',
    'else',
    '  cp -R ${viewbase}/software /opt/software || true',
    'fi',
  ];
}

/** Only with a view: its Python, and files to be sourced by people. Each line counts in strict mode, the one with libpython too. */
export function pathsSection(cluster: SettledCluster): string[] {
  const { spec } = cluster;
  if (spec.flux.view.disable) return [];
  const end = silence(cluster);
  const pythonPath = spec.flux.container?.pythonPath || '${foundroot}/site-packages';
  const more = Object.entries(spec.flux.environment ?? {}).map(([name, value]) => `export ${name}=${value}`);
  return [
    `foundroot=$(find $viewroot -maxdepth 2 -type d -path $viewroot/lib/python3\\*)${end}`,
    'pythonversion=$(basename ${foundroot})',
    'pythonversion=${viewroot}/bin/${pythonversion}',
    `echo "Python of the view: $pythonversion, $foundroot"${end}`,
    'if [[ "$HOME" == "/" ]]; then',
    '  export HOME=/home/flux-operator USER=flux-operator',
    'fi',
    'if [[ -f "${pythonversion}" ]]; then',
    '  rm -rf $viewroot/bin/python3 $viewroot/bin/python',
    '  for link in python python3; do ln -s ${pythonversion} $viewroot/lib/$link || true; done',
    'fi',
    `export PYTHONPATH=\${PYTHONPATH:-""}:${pythonPath}`,
    `echo "PYTHONPATH=$PYTHONPATH PATH=$PATH"${end}`,
    `find $viewroot . -name libpython*.so*${end}`,
    `ls -l /mnt/flux/view/lib/libpython3.11.so.1.0${end}`,
    ...(spec.flux.scheduler?.simple ? [] : ['export FLUX_RC_EXTRA=$viewroot/etc/flux/rc1.d']),
    'for line in "module remove sched-simple" "module load sched-fluxion-resource" "module load sched-fluxion-qmanager"; do',
    '  echo "flux $line"',
    'done >> /tmp/load-fluxion.sh',
    'mv /tmp/load-fluxion.sh ${viewbase}/load-fluxion.sh',
    '{',
    "  echo '#!/bin/bash'",
    '  echo "export PATH=$PATH"',
    '  echo "export PYTHONPATH=$PYTHONPATH"',
    '  echo "export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-""}:$viewroot/lib"',
    '  echo "export fluxsocket=local://${configroot}/run/flux/local"',
    ...more.map((line) => `  echo "${line}"`),
    '} >> /tmp/flux-view.sh',
    'mv /tmp/flux-view.sh ${viewbase}/flux-view.sh',
    "printf '%s\\n' '#!/bin/bash' '. ${viewbase}/flux-view.sh' 'flux proxy ${fluxsocket} bash' >> /tmp/flux-connect.sh",
    'mv /tmp/flux-connect.sh ${viewbase}/flux-connect.sh',
  ];
}

/** The here-document is unquoted: what is in it is expanded when it is written, not when it runs. */
export function customScript({ commands }: Container): string[] {
  if (!commands?.script) return [];
  return [
    'cat <<EOF > /tmp/custom-entrypoint.sh',
    commands.script,
    'EOF',
    'chmod +x /tmp/custom-entrypoint.sh',
    'command="/bin/bash /tmp/custom-entrypoint.sh"',
  ];
}

export function scriptOf(sections: readonly (readonly string[])[]): string {
  return ['#!/bin/sh', ...sections.map((lines) => lines.join('\n'))].filter((text) => text !== '').join('\n\n') + '\n';
}
