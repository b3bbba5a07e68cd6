import { KonvergeError } from '../domain/error.ts';
import type { KubernetesSettings, StepVolume } from '../domain/kubernetes-settings.ts';
import { parseBytes } from '../domain/quantity.ts';
import type { KonvergeYaml } from './schema.ts';
import { secondsMs } from './seconds.ts';

/** The agent's image of this version; images/agent makes it. */
export const defaultAgentImage = 'konverge/agent:1.0.0-alpha.1';

/** What konverge.yaml says of the Kubernetes engine, with defaults of ours filled in; the kubeconfig gives what is left open. */
export function kubernetesFrom(yaml: KonvergeYaml, path: string): KubernetesSettings {
  const said = yaml.kubernetes ?? {};
  const images = yaml.images ?? {};
  const where = `${path}: kubernetes`;
  return {
    ...(said.kubeconfig === undefined ? {} : { kubeconfig: said.kubeconfig }),
    ...(said.context === undefined ? {} : { context: said.context }),
    ...(yaml.namespace === undefined ? {} : { namespace: yaml.namespace }),
    ...(said.minicluster_namespace === undefined ? {} : { miniClusterNamespace: said.minicluster_namespace }),
    ...(said.flux_view === undefined ? {} : { fluxView: said.flux_view }),
    ...(images.default === undefined ? {} : { defaultImage: images.default }),
    agentImage: images.agent ?? defaultAgentImage,
    ...(images.snakemake === undefined ? {} : { snakemakeImage: images.snakemake }),
    runAs: { uid: said.run_as?.uid ?? 1000, gid: said.run_as?.gid ?? said.run_as?.uid ?? 1000 },
    security: said.security ?? 'restricted',
    ...(said.service_account === undefined ? {} : { serviceAccount: said.service_account }),
    pullSecrets: said.pull_secrets ?? [],
    ...(said.pull_policy === undefined ? {} : { pullPolicy: said.pull_policy }),
    ...(said.priority_class === undefined ? {} : { priorityClass: said.priority_class }),
    volumes: (said.volumes ?? []).map((volume, index) => volumeFrom(volume, `${where}.volumes[${index}]`)),
    ...(said.pod === undefined ? {} : { pod: said.pod }),
    imageTimeoutMs: secondsMs(said.image_timeout ?? 300, `${where}.image_timeout`),
    logLimitBytes: parseBytes(said.log_limit ?? '256Mi', `${where}.log_limit`),
    graceMs: secondsMs(said.cancel_grace ?? 30, `${where}.cancel_grace`),
  };
}

type VolumeEntry = NonNullable<NonNullable<KonvergeYaml['kubernetes']>['volumes']>[number];

/** A volume stands there as in a pod, with its mount path beside it: one source, and nothing that we would not mount. */
function volumeFrom({ name, mount_path, read_only, ...source }: VolumeEntry, where: string): StepVolume {
  const kinds = Object.keys(source);
  if (kinds.length !== 1) {
    throw new KonvergeError(
      'config-invalid',
      `${where}: give exactly one source beside name and mount_path, such as persistentVolumeClaim; found ${kinds.join(', ') || 'none'}`,
    );
  }
  return { name, mountPath: mount_path.replace(/(?<=.)\/+$/, ''), readOnly: read_only ?? false, source };
}
