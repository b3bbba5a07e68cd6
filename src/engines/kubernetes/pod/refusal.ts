import { KonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import { buildStepPod } from './build-step-pod.ts';
import type { PodContext } from './pod-context.ts';
import { checkSecretSize, stepData } from './secret-data.ts';

/** Why an order can have no pod, whatever its kind: no image, files that no pod sees, an environment that is too large, …. */
export function refusalOf(
  order: WorkOrder,
  settings: KubernetesSettings,
  context: PodContext,
): KonvergeError | undefined {
  try {
    buildStepPod(order, settings, context);
    checkSecretSize(order.spec, stepData(order.spec));
    return undefined;
  } catch (error) {
    if (error instanceof KonvergeError) return error;
    throw error;
  }
}
