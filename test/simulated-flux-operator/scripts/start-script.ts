import type { Container } from '../minicluster.ts';
import type { SettledCluster } from '../settle.ts';
import { customScript, hook, pathsSection, scriptOf, silence, strictness, viewSection } from './sections.ts';

/** `start-N.sh`, of a container beside the one that runs Flux. Its command is pasted in as it is. */
export function startScript(cluster: SettledCluster, container: Container): string {
  const { flux, logging } = cluster.spec;
  const { commands = {} } = container;
  const end = silence(cluster);
  return scriptOf([
    [hook(commands.init, logging?.quiet ? ' > /dev/null' : '')],
    strictness(cluster),
    viewSection(cluster),
    pathsSection(cluster),
    [
      hook(commands.servicePre, end),
      'fluxsocket=${viewroot}/run/flux/local',
      // A program that images do not have: without noWaitSocket the container ends here in strict mode, with 127.
      ...(flux.noWaitSocket ? [] : [`goshare-wait-fs -p \${fluxsocket}${end}`]),
      'fluxsocket="local://$fluxsocket"',
    ],
    customScript(container),
    [container.command ?? ''],
    [commands.post ?? ''],
  ]);
}
