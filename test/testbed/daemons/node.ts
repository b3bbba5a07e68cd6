import path from 'node:path';
import { addresses, nodeName, ports, s3 } from '../addresses.ts';
import { cniNetwork, containerdConfig, corefile, kubeletConfig, resolvConf } from '../config-files.ts';
import type { Daemon } from '../daemon.ts';
import type { Options } from '../options.ts';
import { containerdSocket, type Place } from '../place.ts';
import type { Programs } from '../programs.ts';
import { url } from './url.ts';

export function containerd({ data, config }: Place): Daemon {
  const file = path.join(config, 'containerd.toml');
  const network = path.join(config, 'cni');
  return {
    name: 'containerd',
    argv: ['containerd', '--config', file, '--log-level', 'warn'],
    files: [
      { path: file, content: containerdConfig(path.join(data, 'containerd'), network) },
      { path: path.join(network, '10-testbed.conflist'), content: cniNetwork(path.join(data, 'cni')) },
    ],
    ports: [],
    needs: ['network'],
    ready: { kind: 'command', argv: ['ctr', '-a', containerdSocket, 'version'] },
    patienceMs: 30_000,
  };
}

export function kubelet({ data, pki, config }: Place, programs: Programs, { cpus, fast }: Options): Daemon {
  const file = path.join(config, 'kubelet.yaml');
  const names = path.join(config, 'resolv.conf');
  const argv = [
    programs.of('kubelet'),
    `--kubeconfig=${path.join(pki, 'kubelet.kubeconfig')}`,
    `--config=${file}`,
    `--root-dir=${path.join(data, 'kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.host}`,
    '--node-labels=testbed/kind=real',
    '--v=1',
  ];
  return {
    name: 'kubelet',
    argv: cpus === 0 ? argv : withPretendedCpus(argv, path.join(config, `cpus-${cpus}`)),
    files: [
      { path: file, content: kubeletConfig({ pki, resolvConf: names, fast }) },
      { path: names, content: resolvConf() },
    ],
    ports: [ports.kubelet, ports.kubeletHealth],
    needs: ['certificates', 'containerd', 'kube-apiserver', ...(cpus === 0 ? [] : ['cpus'])],
    ready: { kind: 'http', url: url(ports.kubeletHealth, '/healthz') },
    patienceMs: 60_000,
  };
}

/**
 * The kubelet counts CPUs below /sys/devices/system/node; in a mount namespace of its own it finds there what cpus.ts made.
 * `/` stays shared, so that mounts of pods are seen by both sides.
 */
function withPretendedCpus(argv: readonly string[], folder: string): string[] {
  const script = 'mount --make-rprivate /sys && mount --bind "$0" /sys/devices/system/node && exec "$@"';
  return ['unshare', '--mount', '--propagation', 'unchanged', 'sh', '-c', script, folder, ...argv];
}

export function coredns({ pki, config }: Place, programs: Programs): Daemon {
  const file = path.join(config, 'Corefile');
  return {
    name: 'coredns',
    argv: [programs.of('coredns'), '-conf', file],
    files: [{ path: file, content: corefile(path.join(pki, 'coredns.kubeconfig')) }],
    ports: [{ host: addresses.host, port: ports.dns }, ports.dnsHealth, ports.dnsReady],
    needs: ['certificates', 'network', 'rights'],
    ready: { kind: 'http', url: url(ports.dnsReady, '/ready') },
    patienceMs: 60_000,
  };
}

export function versitygw({ data }: Place, programs: Programs): Daemon {
  return {
    name: 'versitygw',
    argv: [
      programs.of('versitygw'),
      `--port=:${ports.s3}`,
      '--keep-alive',
      '--quiet',
      '--health=/health',
      'posix',
      path.join(data, 's3'),
    ],
    env: { ROOT_ACCESS_KEY: s3.accessKey, ROOT_SECRET_KEY: s3.secretKey },
    ports: [ports.s3],
    needs: ['network', 'bucket'],
    ready: { kind: 'http', url: url(ports.s3, '/health') },
    patienceMs: 30_000,
  };
}
