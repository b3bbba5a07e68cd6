import { addresses, ports } from './addresses.ts';
import { runCommand, tryCommand } from './command.ts';

/** To the API server, for pods that ask for it by its service: the only service with an address, so no kube-proxy is needed. */
const target = `${addresses.host}:${ports.apiServer}`;
const redirection = [
  '-d',
  addresses.apiService,
  '-p',
  'tcp',
  '--dport',
  '443',
  '-j',
  'DNAT',
  '--to-destination',
  target,
];

/** The bridge is made before the first pod is there: DNS and S3 want to listen on it. */
export async function makeNetwork(): Promise<void> {
  // Volumes that the kubelet mounts must be seen by containers that are there already.
  await runCommand(['mount', '--make-rshared', '/']);
  await runCommand(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'fs.inotify.max_user_instances=8192']);
  if (!(await hasBridge())) {
    await runCommand(['ip', 'link', 'add', addresses.bridge, 'type', 'bridge']);
  }
  const prefix = addresses.podNetwork.split('/')[1];
  await runCommand(['ip', 'address', 'replace', `${addresses.host}/${prefix}`, 'dev', addresses.bridge]);
  await runCommand(['ip', 'link', 'set', addresses.bridge, 'up']);
  if (!(await isRedirected())) await runCommand(['iptables', '-t', 'nat', '-A', 'PREROUTING', ...redirection]);
}

export async function removeNetwork(): Promise<void> {
  while (await isRedirected()) await runCommand(['iptables', '-t', 'nat', '-D', 'PREROUTING', ...redirection]);
  if (await hasBridge()) await runCommand(['ip', 'link', 'delete', addresses.bridge]);
}

export async function hasBridge(): Promise<boolean> {
  return (await tryCommand(['ip', 'link', 'show', addresses.bridge])).code === 0;
}

export async function isRedirected(): Promise<boolean> {
  return (await tryCommand(['iptables', '-t', 'nat', '-C', 'PREROUTING', ...redirection])).code === 0;
}
