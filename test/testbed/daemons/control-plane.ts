import path from 'node:path';
import { addresses, ports } from '../addresses.ts';
import { auditPolicy } from '../config-files.ts';
import type { Daemon } from '../daemon.ts';
import type { Options } from '../options.ts';
import { type Place } from '../place.ts';
import type { Programs } from '../programs.ts';
import { secureUrl, url } from './url.ts';

export function etcd({ data }: Place, programs: Programs): Daemon {
  const client = url(ports.etcd, '');
  return {
    name: 'etcd',
    argv: [
      programs.of('etcd'),
      `--data-dir=${path.join(data, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${url(ports.etcdPeer, '')}`,
      '--quota-backend-bytes=4294967296',
      '--auto-compaction-retention=5m',
      '--log-level=warn',
      // What a power cut would lose is no loss here.
      '--unsafe-no-fsync',
    ],
    ports: [ports.etcd, ports.etcdPeer],
    needs: [],
    ready: { kind: 'http', url: url(ports.etcd, '/health') },
    patienceMs: 30_000,
  };
}

export function apiServer({ pki, config, auditLog }: Place, programs: Programs, { audit }: Options): Daemon {
  const key = (name: string): string => path.join(pki, name);
  const policy = path.join(config, 'audit-policy.yaml');
  const auditing = [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${auditLog}`,
    // Written as it happens: those who count calls read it right after them.
    '--audit-log-mode=blocking',
    '--audit-log-maxsize=2000',
  ];
  return {
    name: 'kube-apiserver',
    argv: [
      programs.of('kube-apiserver'),
      `--etcd-servers=${url(ports.etcd, '')}`,
      `--secure-port=${ports.apiServer}`,
      `--advertise-address=${addresses.host}`,
      `--service-cluster-ip-range=${addresses.serviceNetwork}`,
      `--tls-cert-file=${key('kube-apiserver.crt')}`,
      `--tls-private-key-file=${key('kube-apiserver.key')}`,
      `--client-ca-file=${key('ca.crt')}`,
      `--service-account-issuer=https://kubernetes.default.svc.${addresses.clusterDomain}`,
      `--service-account-key-file=${key('service-accounts.pub')}`,
      `--service-account-signing-key-file=${key('service-accounts.key')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--kubelet-client-certificate=${key('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${key('apiserver-kubelet-client.key')}`,
      `--kubelet-certificate-authority=${key('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      // For aggregated APIs, of which Kueue's visibility API is one.
      `--requestheader-client-ca-file=${key('front-proxy.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${key('front-proxy-client.crt')}`,
      `--proxy-client-key-file=${key('front-proxy-client.key')}`,
      '--endpoint-reconciler-type=lease',
      '--v=1',
      ...(audit ? auditing : []),
    ],
    files: audit ? [{ path: policy, content: auditPolicy() }] : [],
    ports: [ports.apiServer],
    needs: ['certificates', 'network', 'etcd'],
    ready: { kind: 'http', url: secureUrl(ports.apiServer, '/readyz'), client: 'admin' },
    patienceMs: 90_000,
  };
}

/** The client of the API that `fast` lets ask as often as it likes. By default a controller manager asks 20 times a second. */
const eager = ['--kube-api-qps=1000', '--kube-api-burst=2000'];

export function controllerManager({ pki }: Place, programs: Programs, { fast }: Options): Daemon {
  const kubeconfig = path.join(pki, 'kube-controller-manager.kubeconfig');
  return {
    name: 'kube-controller-manager',
    argv: [
      programs.of('kube-controller-manager'),
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      // Under RBAC each controller has rights of its own.
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${path.join(pki, 'service-accounts.key')}`,
      `--root-ca-file=${path.join(pki, 'ca.crt')}`,
      '--leader-elect=false',
      `--bind-address=${addresses.loopback}`,
      `--secure-port=${ports.controllerManager}`,
      '--v=1',
      ...(fast ? [...eager, '--concurrent-job-syncs=20', '--concurrent-gc-syncs=40'] : []),
    ],
    ports: [ports.controllerManager],
    needs: ['kube-apiserver'],
    ready: { kind: 'http', url: secureUrl(ports.controllerManager, '/healthz') },
    patienceMs: 60_000,
  };
}

export function scheduler({ pki }: Place, programs: Programs, { fast }: Options): Daemon {
  const kubeconfig = path.join(pki, 'kube-scheduler.kubeconfig');
  return {
    name: 'kube-scheduler',
    argv: [
      programs.of('kube-scheduler'),
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      `--bind-address=${addresses.loopback}`,
      `--secure-port=${ports.scheduler}`,
      '--v=1',
      ...(fast ? eager : []),
    ],
    ports: [ports.scheduler],
    needs: ['kube-apiserver'],
    ready: { kind: 'http', url: secureUrl(ports.scheduler, '/healthz') },
    patienceMs: 60_000,
  };
}
