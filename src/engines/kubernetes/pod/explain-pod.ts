import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import { imageOf } from './image.ts';
import type { PodContext } from './pod-context.ts';
import { resourcesOf } from './resources.ts';
import { noAdditions } from './step-additions.ts';
import { workplaceOf } from './workplace.ts';

/** What the manifest does not say of itself, one sentence each: why this image, where it works, what was left out. */
export function explainPod(
  { spec }: WorkOrder,
  settings: KubernetesSettings,
  context: PodContext,
  additions = noAdditions,
): readonly string[] {
  const { image, reason } = imageOf(spec, settings);
  const { workdir, inPlace } = workplaceOf(spec, settings, additions.place?.layout);
  return [
    `image: ${image} (${reason})`,
    inPlace ? `directory: ${workdir}, in place in a volume` : `directory: ${workdir}, its own`,
    ...resourcesOf(spec.rule, additions.request ?? spec.resources, context, additions.memoryShare).notes,
  ];
}
