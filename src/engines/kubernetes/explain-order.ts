import type { WorkOrder } from '../../ports/engine.ts';
import { buildStep } from './build-step.ts';
import type { KubernetesObject } from './client/object.ts';
import type { Cluster } from './cluster.ts';
import { buildConfigMap } from './pod/build-config-map.ts';
import { redactedSecret } from './pod/build-secret.ts';
import { explainPod } from './pod/explain-pod.ts';

/** What `explain` and `--dry-run` show of an order. */
export interface OrderExplanation {
  /** The exact objects, but for what is secret. */
  readonly manifests: readonly KubernetesObject[];
  /** What they do not say of themselves. */
  readonly notes: readonly string[];
  /** What their kind cannot do, and why. */
  readonly limits: readonly string[];
}

/** Asks the cluster nothing. Throws what the builders throw. */
export function explainOrder(order: WorkOrder, cluster: Cluster): OrderExplanation {
  const { settings } = cluster;
  const context = cluster.contextFor(order);
  const { kind, pod, object } = buildStep(order, settings, context);
  const configMap = buildConfigMap(order, pod);
  return {
    manifests: [object, ...(configMap ? [configMap] : []), redactedSecret(order, pod)],
    notes: explainPod(order, settings, context, pod.additions),
    limits: Object.values(kind.limits),
  };
}
