import { KonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { StepSpec } from '../../../domain/step.ts';

export interface ImageChoice {
  readonly image: string;
  /** For `explain`. */
  readonly reason: string;
}

type ImageSettings = Pick<KubernetesSettings, 'defaultImage' | 'snakemakeImage'>;

/**
 * The image that a step's commands run in. What the front end knows (the resource `container`, konverge.yaml's rule, the
 * rule's `container:`, --kueue-container) it has put into `spec.container` already. A fallback step is Snakemake itself, which the
 * rule's own image does not have. Throws `image-missing`.
 */
export function imageOf(spec: StepSpec, settings: ImageSettings): ImageChoice {
  const { defaultImage, snakemakeImage } = settings;
  if (spec.execution.mode === 'fallback') {
    const because = 'it runs through Snakemake in the pod';
    if (snakemakeImage !== undefined) return { image: snakemakeImage, reason: `${because}: images.snakemake` };
    if (defaultImage !== undefined) return { image: defaultImage, reason: `${because}: images.default` };
    throw new KonvergeError(
      'image-missing',
      `rule ${spec.rule}: ${because} (${spec.execution.reasons.join('; ')}), and there is no image for that`,
      { hint: 'Set images.snakemake in konverge.yaml to an image with Snakemake and the storage plugins of the run.' },
    );
  }
  if (spec.container !== undefined) {
    if (/^[a-z]+:\/\/|\.(sif|simg)$/.test(spec.container)) throw notOfARegistry(spec.rule, spec.container);
    return { image: spec.container, reason: 'the image of the rule or of the run' };
  }
  if (defaultImage !== undefined) return { image: defaultImage, reason: 'images.default' };
  throw new KonvergeError('image-missing', `rule ${spec.rule}: it has no image to run in`);
}

/** What apptainer reads besides: shub://, library://, a file. */
function notOfARegistry(rule: string, image: string): KonvergeError {
  return new KonvergeError(
    'image-missing',
    `rule ${rule}: Kubernetes cannot pull ${image}: it is not in an image registry`,
    {
      hint: 'Name the image of a registry for this rule, in konverge.yaml under rules.NAME.image.',
    },
  );
}
