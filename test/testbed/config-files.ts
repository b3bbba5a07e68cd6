import path from 'node:path';
import { stringify } from 'yaml';
import { addresses, ports } from './addresses.ts';
import { containerdSocket, runDirectory } from './place.ts';

/** Each function is the text of one daemon's configuration. */

export function containerdConfig(root: string, network: string): string {
  return `version = 2
root = "${root}"
state = "${runDirectory}/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Where CAP_SYS_RESOURCE is missing, runc may not lower oom_score_adj and dies with "can't get final child's PID".
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniPrograms}"
    conf_dir = "${network}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
`;
}

/** Where Debian puts them. */
export const cniPrograms = '/usr/lib/cni';
/** What holds the namespaces of a pod. */
export const pauseImage = 'docker.io/konverge/pause:dev';

/** A bridge that the machine itself is on too; pods reach nothing beyond the machine. */
export function cniNetwork(data: string): string {
  const bridge = {
    type: 'bridge',
    bridge: addresses.bridge,
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: data,
      ranges: [[{ subnet: addresses.podNetwork, rangeStart: addresses.podRangeStart }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  return `${JSON.stringify({ cniVersion: '0.4.0', name: 'testbed', plugins: [bridge] }, null, 2)}\n`;
}

export interface KubeletSettings {
  readonly pki: string;
  readonly resolvConf: string;
  readonly fast: boolean;
}

export function kubeletConfig({ pki, resolvConf: names, fast }: KubeletSettings): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    failSwapOn: false,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: path.join(pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: path.join(pki, 'kubelet-server.crt'),
    tlsPrivateKeyFile: path.join(pki, 'kubelet-server.key'),
    healthzPort: ports.kubeletHealth,
    clusterDNS: [addresses.host],
    clusterDomain: addresses.clusterDomain,
    resolvConf: names,
    maxPods: 250,
    podPidsLimit: -1,
    serializeImagePulls: false,
    makeIPTablesUtilChains: false,
    // Images come from no registry: one that is cleared away would be gone.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    imageMinimumGCAge: '1000h',
    evictionHard: {
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'memory.available': '100Mi',
    },
    ...(fast && { kubeAPIQPS: 500, kubeAPIBurst: 1000, eventRecordQPS: 0 }),
  });
}

/** Of pods with `dnsPolicy: Default`. */
export function resolvConf(): string {
  return `nameserver ${addresses.host}\n`;
}

/**
 * No cache: a negative answer would hold up workloads whose pods wait for each other's names. And what is unknown does not
 * exist (template), instead of being refused, which programs report as a failure for the time being.
 */
export function corefile(kubeconfig: string): string {
  return `.:${ports.dns} {
  bind ${addresses.host}
  health ${addresses.loopback}:${ports.dnsHealth}
  ready ${addresses.loopback}:${ports.dnsReady}
  errors
  kubernetes ${addresses.clusterDomain} in-addr.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    ttl 1
  }
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`;
}

/**
 * Every integration whose webhook is registered is named: calls to one that is not enabled would be answered by 404, and the
 * webhooks of pods see every pod.
 */
const kueueFrameworks = [
  'batch/job',
  'kubeflow.org/mpijob',
  'jobset.x-k8s.io/jobset',
  'pod',
  'deployment',
  'statefulset',
  'ray.io/rayjob',
  'ray.io/raycluster',
  'ray.io/rayservice',
  'workload.codeflare.dev/appwrapper',
  'trainer.kubeflow.org/trainjob',
  'leaderworkerset.x-k8s.io/leaderworkerset',
];

export function kueueConfig({ pki, fast }: { readonly pki: string; readonly fast: boolean }): string {
  return stringify({
    apiVersion: 'config.kueue.x-k8s.io/v1beta2',
    kind: 'Configuration',
    namespace: 'kueue-system',
    health: { healthProbeBindAddress: `${addresses.loopback}:${ports.kueueHealth}` },
    metrics: { bindAddress: `${addresses.loopback}:${ports.kueueMetrics}`, enableClusterQueueResources: true },
    webhook: { port: ports.kueueWebhook, host: addresses.loopback, certDir: webhookCertificates(pki) },
    leaderElection: { leaderElect: false },
    internalCertManagement: { enable: false },
    visibilityServer: { bindAddress: addresses.loopback, bindPort: ports.kueueVisibility },
    controller: {
      groupKindConcurrency: {
        'Job.batch': 5,
        Pod: 5,
        'Workload.kueue.x-k8s.io': 10,
        'LocalQueue.kueue.x-k8s.io': 5,
        'Cohort.kueue.x-k8s.io': 1,
        'ClusterQueue.kueue.x-k8s.io': 5,
        'ResourceFlavor.kueue.x-k8s.io': 1,
      },
    },
    clientConnection: fast ? { qps: 2000, burst: 4000 } : { qps: 300, burst: 500 },
    integrations: { frameworks: kueueFrameworks },
  });
}

export function jobsetConfig(pki: string): string {
  return stringify({
    apiVersion: 'config.jobset.x-k8s.io/v1alpha1',
    kind: 'Configuration',
    leaderElection: { leaderElect: false },
    internalCertManagement: { enable: false },
    health: { healthProbeBindAddress: `${addresses.loopback}:${ports.jobsetHealth}` },
    metrics: { bindAddress: `${addresses.loopback}:${ports.jobsetMetrics}` },
    webhook: { port: ports.jobsetWebhook, certDir: webhookCertificates(pki) },
  });
}

/** A folder with `tls.crt` and `tls.key`. */
export function webhookCertificates(pki: string): string {
  return path.join(pki, 'webhooks');
}

/** Each call once, when it is answered; of a watch also its begin, since its end may be far. Never what is in it. */
export function auditPolicy(): string {
  return stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  });
}
