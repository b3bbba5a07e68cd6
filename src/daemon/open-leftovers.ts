import { loadConfiguration } from '../config/load.ts';
import { stateDirOf } from '../config/state-dir.ts';
import { openLeftovers as openInCluster } from '../engines/kubernetes/cleanup/open-leftovers.ts';
import type { ClusterQuestion, Leftovers } from '../frontends/cli/context.ts';
import { clientOptions, kubernetesSettings } from './cluster-options.ts';

/** What runs have left in the namespace of this configuration. Throws `config-invalid`, and what a client throws. */
export async function openLeftovers({ workdir, config, namespace }: ClusterQuestion): Promise<Leftovers> {
  const settings = kubernetesSettings(loadConfiguration(workdir, config), namespace);
  return openInCluster(settings, stateDirOf(workdir).path, clientOptions('cleanup'));
}
