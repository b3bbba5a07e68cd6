import type { KubernetesSettings } from '../../domain/kubernetes-settings.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import type { KubernetesObject } from './client/object.ts';
import type { Kind } from './kinds/kind.ts';
import { kindOf } from './kinds/registry.ts';
import { buildStepPod } from './pod/build-step-pod.ts';
import type { PodContext } from './pod/pod-context.ts';
import { noAdditions } from './pod/step-additions.ts';
import type { StepPod } from './pod/step-pod.ts';

/** A step as its kind makes it, before anything is created. */
export interface BuiltStep {
  readonly kind: Kind;
  readonly pod: StepPod;
  readonly object: KubernetesObject;
}

/** From an order to its object: kind, pod, manifest. Pure. Throws what the kind and the builders refuse. */
export function buildStep(order: WorkOrder, settings: KubernetesSettings, context: PodContext): BuiltStep {
  const kind = kindOf(order.kind);
  const surroundings = { settings, context };
  const unfit = kind.validate(order, surroundings);
  if (unfit) throw unfit;
  const additions = kind.additions?.(order, surroundings) ?? noAdditions;
  const pod = buildStepPod(order, settings, context, additions);
  return { kind, pod, object: kind.manifest(order, pod, surroundings) };
}
