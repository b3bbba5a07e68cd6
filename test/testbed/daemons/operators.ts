import path from 'node:path';
import { addresses, ports } from '../addresses.ts';
import { jobsetConfig, kueueConfig } from '../config-files.ts';
import type { Daemon } from '../daemon.ts';
import type { Options } from '../options.ts';
import { type Place } from '../place.ts';
import type { Programs } from '../programs.ts';
import { secureUrl, url } from './url.ts';

export function kueue({ pki, config }: Place, programs: Programs, { fast }: Options): Daemon {
  const file = path.join(config, 'kueue.yaml');
  return {
    name: 'kueue',
    argv: [
      programs.of('kueue'),
      `--config=${file}`,
      `--kubeconfig=${path.join(pki, 'kueue.kubeconfig')}`,
      '--zap-log-level=2',
    ],
    files: [{ path: file, content: kueueConfig({ pki, fast }) }],
    ports: [ports.kueueHealth, ports.kueueMetrics, ports.kueueWebhook, ports.kueueVisibility],
    // It lists the kinds of the other operators at its start, and leaves out those that are not there.
    needs: ['certificates', 'rights', 'definitions'],
    ready: { kind: 'http', url: url(ports.kueueHealth, '/readyz') },
    patienceMs: 90_000,
  };
}

export function jobset({ pki, config }: Place, programs: Programs): Daemon {
  const file = path.join(config, 'jobset.yaml');
  return {
    name: 'jobset',
    argv: [programs.of('jobset'), `--config=${file}`, `--kubeconfig=${path.join(pki, 'jobset.kubeconfig')}`],
    files: [{ path: file, content: jobsetConfig(pki) }],
    ports: [ports.jobsetHealth, ports.jobsetMetrics, ports.jobsetWebhook],
    needs: ['certificates', 'rights', 'definitions'],
    ready: { kind: 'answers', url: secureUrl(ports.jobsetWebhook, '/') },
    patienceMs: 90_000,
  };
}

export function mpiOperator({ pki }: Place, programs: Programs): Daemon {
  return {
    name: 'mpi-operator',
    argv: [
      programs.of('mpi-operator'),
      '-kubeConfig',
      path.join(pki, 'mpi-operator.kubeconfig'),
      '-lock-namespace=mpi-operator',
      '-alsologtostderr',
      // 5 requests a second is the default, a minute for a few jobs.
      '-kube-api-qps=50',
      '-kube-api-burst=100',
      '-controller-queue-rate-limit=100',
    ],
    env: { KUBEFLOW_NAMESPACE: '' },
    ports: [ports.mpiHealth],
    needs: ['certificates', 'rights', 'definitions'],
    ready: { kind: 'http', url: url(ports.mpiHealth, '/healthz') },
    patienceMs: 90_000,
  };
}

/** In place of the Flux Operator; docs/guides/testbed.md says why, and what differs. */
export function fluxOperator({ pki }: Place, { fluxOperator: { main, digest } }: Programs): Daemon {
  const kubeconfig = path.join(pki, 'simulated-flux-operator.kubeconfig');
  return {
    name: 'simulated-flux-operator',
    // The last word is for us: other sources are another daemon.
    argv: [process.execPath, main, kubeconfig, String(ports.fluxHealth), digest],
    ports: [ports.fluxHealth],
    needs: ['certificates', 'miniclusters'],
    ready: { kind: 'http', url: url(ports.fluxHealth, '/readyz') },
    patienceMs: 60_000,
  };
}

export function kwok({ pki }: Place, programs: Programs): Daemon {
  return {
    name: 'kwok',
    argv: [
      programs.of('kwok'),
      `--kubeconfig=${path.join(pki, 'kwok.kubeconfig')}`,
      `--server-address=${addresses.loopback}:${ports.kwok}`,
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      '--node-lease-duration-seconds=40',
      ...programs.kwokStages.flatMap((file) => ['--config', file]),
    ],
    ports: [ports.kwok],
    needs: ['certificates', 'kube-apiserver'],
    ready: { kind: 'http', url: url(ports.kwok, '/healthz') },
    patienceMs: 60_000,
  };
}
