import { KonvergeError } from '../../../domain/error.ts';
import { formatBytes, formatCpuMillis, roundUp } from '../../../domain/quantity.ts';
import { sum } from './pod-requests.ts';
import type { QueueFacts, QuotaGroup } from './queue-facts.ts';

/** By resource name. */
type Amounts = Readonly<Record<string, number>>;

/** Less than a thousandth of a core, which is the least that anybody asks for: sums of fractions are not exact. */
const inexactness = 1e-4;
/** There are as many ways as flavors to the power of sets. Who has not found one by then says nothing: Kueue will. */
const mostTries = 10_000;

/**
 * Why a queue will never admit pods that ask for so much (`podSetRequests`), as `queue-stopped` or `never-fits`; undefined if
 * it may. What is not known of the queue is no reason.
 */
export function refusalOf(rule: string, facts: QueueFacts, podSets: readonly Amounts[]): KonvergeError | undefined {
  if (facts.stopped !== undefined) {
    return new KonvergeError('queue-stopped', `rule ${rule}: queue ${facts.name} admits nothing: ${facts.stopped}`);
  }
  const misfits = misfitsOf(facts, podSets);
  if (misfits.length === 0) return undefined;
  return new KonvergeError('never-fits', `rule ${rule}: queue ${facts.name} can never hold it: ${misfits.join('; ')}`, {
    hint: `Ask for less, or have the quota of ClusterQueue ${facts.clusterQueue} raised; what the agent and services ask for counts too. \`konverge doctor\` lists queues and quotas.`,
  });
}

/** A phrase for each resource without quota, and for each group of resources that no flavor has enough of. */
export function misfitsOf({ groups, clusterQueue }: QueueFacts, podSets: readonly Amounts[]): string[] {
  if (groups === undefined) return [];
  const total = sum(podSets);
  const covered = new Set(groups.flatMap(({ resources }) => resources));
  const uncovered = Object.keys(total).filter((name) => !covered.has(name));
  return [
    ...uncovered.map(
      (name) =>
        `it asks for ${formatAmount(name, total[name] ?? 0)} ${name}, which ClusterQueue ${clusterQueue} does not have`,
    ),
    ...groups.flatMap((group) => groupMisfit(group, podSets, total)),
  ];
}

/**
 * A set of pods has all resources of a group from one flavor; each set may have another. If there is no way to do that, each flavor
 * is too small for all of them together.
 */
function groupMisfit({ resources, flavors }: QuotaGroup, podSets: readonly Amounts[], total: Amounts): string[] {
  const asked = resources.filter((name) => (total[name] ?? 0) > 0);
  if (asked.length === 0) return [];
  if (flavors.length === 0) return [`it asks for ${asked.join(', ')}, for which there is no flavor`];
  const rooms = flavors.map(({ most }) => most);
  if (canHold(rooms, podSets, asked)) return [];
  return flavors.map(({ name: flavor, most }) => {
    const amounts = asked
      .filter((name) => exceeds(total[name], most[name]))
      .map((name) => `${formatAmount(name, total[name] ?? 0)} ${name} of ${formatAmount(name, most[name] ?? 0)}`);
    return `it asks for ${amounts.join(' and ')} in flavor ${flavor}`;
  });
}

/** Whether there is a room for each set, one after another; rooms become smaller by what is in them. */
function canHold(rooms: readonly Amounts[], podSets: readonly Amounts[], asked: readonly string[]): boolean {
  let tries = 0;
  const hold = (left: readonly Amounts[], [first, ...rest]: readonly Amounts[]): boolean => {
    if (first === undefined || tries >= mostTries) return true;
    return left.some((room, index) => {
      tries += 1;
      if (asked.some((name) => exceeds(first[name], room[name]))) return false;
      const less = Object.fromEntries(asked.map((name) => [name, (room[name] ?? 0) - (first[name] ?? 0)]));
      return hold(left.with(index, less), rest);
    });
  };
  const [all, room] = [sum(podSets), sum(rooms)];
  return !asked.some((name) => exceeds(all[name], room[name])) && hold(rooms, podSets);
}

function exceeds(amount = 0, room = 0): boolean {
  return amount > 0 && amount > room + inexactness;
}

/** As Kubernetes writes it. */
export function formatAmount(name: string, amount: number): string {
  if (name === 'cpu') return formatCpuMillis(roundUp(amount * 1000));
  return name === 'memory' || name === 'ephemeral-storage' ? formatBytes(amount) : String(amount);
}
