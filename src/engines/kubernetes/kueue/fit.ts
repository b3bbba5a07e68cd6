import { KonvergeError } from '../../../domain/error.ts';
import { formatBytes, formatCpuMillis, roundUp } from '../../../domain/quantity.ts';
import type { QueueFacts, QuotaGroup } from './queue-facts.ts';

/**
 * Why a queue will never admit a pod that asks for so much (`podRequests`), as `queue-stopped` or `never-fits`; undefined if
 * it may. What is not known of the queue is no reason.
 */
export function refusalOf(
  rule: string,
  facts: QueueFacts,
  requests: Readonly<Record<string, number>>,
): KonvergeError | undefined {
  if (facts.stopped !== undefined) {
    return new KonvergeError('queue-stopped', `rule ${rule}: queue ${facts.name} admits nothing: ${facts.stopped}`);
  }
  const misfits = misfitsOf(facts, requests);
  if (misfits.length === 0) return undefined;
  return new KonvergeError('never-fits', `rule ${rule}: queue ${facts.name} can never hold it: ${misfits.join('; ')}`, {
    hint: `Ask for less, or have the quota of ClusterQueue ${facts.clusterQueue} raised; what the agent and services ask for counts too. \`konverge doctor\` lists queues and quotas.`,
  });
}

/** A phrase for each resource without quota, and for each group of resources that no flavor has enough of. */
export function misfitsOf({ groups, clusterQueue }: QueueFacts, requests: Readonly<Record<string, number>>): string[] {
  if (groups === undefined) return [];
  const covered = new Set(groups.flatMap(({ resources }) => resources));
  const uncovered = Object.keys(requests).filter((name) => !covered.has(name));
  return [
    ...uncovered.map(
      (name) =>
        `it asks for ${formatAmount(name, requests[name] ?? 0)} ${name}, which ClusterQueue ${clusterQueue} does not have`,
    ),
    ...groups.flatMap((group) => groupMisfit(group, requests)),
  ];
}

/** All resources of a group come from one flavor; each flavor is too small for at least one, or there is no misfit. */
function groupMisfit({ resources, flavors }: QuotaGroup, requests: Readonly<Record<string, number>>): string[] {
  const asked = resources.filter((name) => (requests[name] ?? 0) > 0);
  if (asked.length === 0) return [];
  if (flavors.length === 0) return [`it asks for ${asked.join(', ')}, for which there is no flavor`];
  const phrases: string[] = [];
  for (const flavor of flavors) {
    const short = asked.filter((name) => (requests[name] ?? 0) > (flavor.most[name] ?? 0));
    if (short.length === 0) return [];
    const amounts = short.map(
      (name) => `${formatAmount(name, requests[name] ?? 0)} ${name} of ${formatAmount(name, flavor.most[name] ?? 0)}`,
    );
    phrases.push(`it asks for ${amounts.join(' and ')} in flavor ${flavor.name}`);
  }
  return phrases;
}

/** As Kubernetes writes it. */
export function formatAmount(name: string, amount: number): string {
  if (name === 'cpu') return formatCpuMillis(roundUp(amount * 1000));
  return name === 'memory' || name === 'ephemeral-storage' ? formatBytes(amount) : String(amount);
}
