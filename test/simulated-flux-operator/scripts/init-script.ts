import type { SettledCluster } from '../settle.ts';

/**
 * `flux-init.sh`, of the init container: writes the configuration of the brokers, and copies the view, if the image of Flux
 * has one. Nothing in it is fatal. The folder of the configuration is fixed, wherever Flux is mounted.
 */
export function initScript(cluster: SettledCluster): string {
  const { mountPath, disable } = cluster.spec.flux.view;
  const hosts = hostsOf(cluster);
  const copy = disable
    ? ['mkdir -p $viewroot/software', `cp -R /opt/view/* ${mountPath}/view`]
    : [
        '# /opt/view is a link to the one folder here.',
        'view="/opt/views/._view/$(ls /opt/views/._view/)"',
        'cp -R ${view}/* $viewroot/view',
        'cp -R /opt/software $viewroot/',
      ];
  return [
    '#!/bin/sh',
    'export fluxroot=/opt/view',
    `mainHost=${cluster.metadata.name}-0`,
    'installRoot=/mnt/flux/config',
    'echo "$(hostname) prepares Flux of ${fluxroot}"',
    'export PATH=/opt/view/bin:$PATH',
    'mkdir -p $fluxroot/bin $installRoot/etc/flux/system/cron.d $installRoot/etc/flux/config $installRoot/var/lib/flux',
    `hosts="${hosts}"`,
    'echo "${hosts}" > ${installRoot}/etc/flux/system/hostlist',
    'cat <<EOT >> ${installRoot}/etc/flux/config/broker.toml',
    brokerConfig(cluster, hosts),
    'EOT',
    'cat ${installRoot}/etc/flux/config/broker.toml',
    'mkdir -p ${installRoot}/run/flux ${installRoot}/etc/curve',
    '# It is in this log, secret key and all, as it is with the real one.',
    'cat /flux_operator/curve.cert',
    `viewroot="${mountPath}"`,
    'mkdir -p $viewroot/view',
    ...copy,
    'touch $viewroot/flux-operator-done.txt',
    'echo "Flux is prepared."',
    '',
  ].join('\n');
}

function brokerConfig(cluster: SettledCluster, hosts: string): string {
  const { metadata, spec } = cluster;
  const { flux } = spec;
  if (flux.brokerConfig) return flux.brokerConfig;
  const root = flux.view.mountPath;
  const domain = `${spec.headlessName}.${metadata.namespace}.svc.cluster.local`;
  return [
    '[access]',
    'allow-guest-user = true',
    'allow-root-owner = true',
    '[resource]',
    `path = "${root}/config/etc/flux/system/R"`,
    '[bootstrap]',
    `curve_cert = "${root}/config/curve/curve.cert"`,
    'default_port = 8050',
    'default_bind = "tcp://eth0:%p"',
    `default_connect = "tcp://%h.${domain}:%p"`,
    hostBlock(cluster, hosts),
    '[archive]',
    `dbpath = "${root}/config/var/lib/flux/job-archive.sqlite"`,
    'period = "1m"',
    'busytimeout = "50s"',
    '[sched-fluxion-qmanager]',
    `queue-policy = "${flux.queuePolicy}"`,
  ].join('\n');
}

function hostBlock({ spec }: SettledCluster, hosts: string): string {
  const { address, port = 8050 } = spec.flux.bursting.leadBroker ?? {};
  if (!address) return `hosts = [{ host="${hosts}" }]`;
  const lead = `host="${address}", bind="tcp://eth0:${port}", connect="tcp://${address}:${port}"`;
  return `hosts = [{ ${lead} }, { host="${address}" }]`;
}

/** As Flux writes lists of hosts. All that there may ever be, not only those at the begin. */
function hostsOf({ metadata, spec }: SettledCluster): string {
  const { hostlist, leadBroker, clusters = [] } = spec.flux.bursting;
  if (hostlist) return hostlist;
  const own = leadBroker?.address
    ? `${leadBroker.address},${leadBroker.name}-[${range(1, leadBroker.size - 1)}]`
    : `${metadata.name}-[${range(0, spec.maxSize)}]`;
  return [own, ...clusters.map(({ name = '', size = 0 }) => `${name}-[${range(0, size)}]`)].join(',');
}

function range(first: number, count: number): string {
  return count === 1 ? `${first}` : `${first}-${first + count - 1}`;
}
