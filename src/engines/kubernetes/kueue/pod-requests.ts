import { parseQuantity, roundUp } from '../../../domain/quantity.ts';
import { isRecord } from './condition.ts';

/**
 * What a pod counts for in a quota, by resource name: cpu in cores, memory in bytes, the rest in pieces. As the scheduler and
 * Kueue count: containers and sidecars together, or the largest init container with the sidecars that started before it, plus
 * overhead; a limit counts where there is no request (k8s.io/component-helpers/resource).
 */
export function podRequests(podSpec: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  const running = sum(listOf(podSpec['containers']).map(requestsOf));
  let sidecars: Record<string, number> = {};
  let starting: Record<string, number> = {};
  for (const container of listOf(podSpec['initContainers'])) {
    const own = requestsOf(container);
    if (container['restartPolicy'] === 'Always') {
      sidecars = sum([sidecars, own]);
      starting = largest(starting, sidecars);
    } else {
      starting = largest(starting, sum([sidecars, own]));
    }
  }
  const all = largest(sum([running, sidecars]), starting);
  const overhead = amountsOf(podSpec['overhead']);
  return Object.fromEntries(Object.entries(sum([all, overhead])).filter(([, amount]) => amount > 0));
}

/** Of each set of pods that are admitted together: what all of its pods ask for. */
export function podSetRequests(
  podSets: readonly { readonly count: number; readonly spec: Readonly<Record<string, unknown>> }[],
): readonly Readonly<Record<string, number>>[] {
  return podSets.map(({ count, spec }) =>
    Object.fromEntries(Object.entries(podRequests(spec)).map(([name, amount]) => [name, amount * count])),
  );
}

function requestsOf(container: Readonly<Record<string, unknown>>): Record<string, number> {
  const resources = isRecord(container['resources']) ? container['resources'] : {};
  return { ...amountsOf(resources['limits']), ...amountsOf(resources['requests']) };
}

/** Quantities of a resource list. Throws `quantity-invalid`. */
export function amountsOf(list: unknown): Record<string, number> {
  if (!isRecord(list)) return {};
  return Object.fromEntries(
    Object.entries(list).map(([name, quantity]) => {
      const value = parseQuantity(String(quantity), name);
      // Cores in thousandths, the rest whole: what Kubernetes rounds up to.
      return [name, name === 'cpu' ? roundUp(value * 1000) / 1000 : roundUp(value)];
    }),
  );
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function sum(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of parts)
    for (const [name, amount] of Object.entries(part)) total[name] = (total[name] ?? 0) + amount;
  return total;
}

function largest(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const most: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) most[name] = Math.max(most[name] ?? 0, amount);
  return most;
}
