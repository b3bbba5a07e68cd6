import { isDeepStrictEqual } from 'node:util';
import { KonvergeError } from '../../../domain/error.ts';
import type { PodPatch } from '../../../domain/kubernetes-settings.ts';
import { containerNames } from '../../../domain/pod-layout.ts';
import { type JsonObject, mergePatch, PatchError } from './merge-patch.ts';
import type { StepPod } from './step-pod.ts';
import { volumeNames } from './volumes.ts';

export type PodTemplate = StepPod['template'];

/**
 * A template with a person's patch in it: fields of a pod's `spec`, and `metadata` with labels and annotations. Throws
 * `config-invalid` for what cannot be merged, and for what would break how a step runs. `where` is for the message.
 */
export function applyPodPatch(template: PodTemplate, patch: PodPatch | undefined, where: string): PodTemplate {
  if (patch === undefined) return template;
  const { metadata, spec, ...fields } = patch as JsonObject;
  try {
    const whole = { ...(metadata === undefined ? {} : { metadata }), ...(spec === undefined ? {} : { spec }) };
    const merged = mergePatch(template as unknown as JsonObject, whole);
    // The short form: a field of the spec by itself.
    const fullSpec = mergePatch((merged['spec'] ?? {}) as JsonObject, fields);
    const patched = { ...merged, spec: fullSpec } as unknown as PodTemplate;
    const broken = brokenBy(template, patched);
    if (broken !== undefined) throw new PatchError(broken);
    return patched;
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new KonvergeError('config-invalid', `${where}: ${error.message}`, {
      hint: 'The patch merges with the pod as `kubectl patch` does it; `konverge explain` shows the pod.',
    });
  }
}

/** For pods of a step that do not have its containers, such as those of services. */
export function withoutContainers(patch: PodPatch | undefined): PodPatch | undefined {
  if (patch === undefined) return undefined;
  const { containers: _containers, initContainers: _initContainers, spec, ...rest } = patch;
  return { ...rest, ...(spec === undefined ? {} : { spec: withoutContainers(spec as PodPatch) }) };
}

type Part = Readonly<Record<string, unknown>>;

/** What wrapper, agent and engine count on (design.md 12.11, 12.12). */
function brokenBy(before: PodTemplate, after: PodTemplate): string | undefined {
  for (const [kind, values] of [
    ['labels', before.metadata.labels],
    ['annotations', before.metadata.annotations],
  ] as const) {
    const there: Readonly<Record<string, unknown>> = after.metadata?.[kind] ?? {};
    const changed = Object.entries(values).find(([name, value]) => there[name] !== value);
    if (changed) return `metadata.${kind}: ${changed[0]} is konverge's`;
  }
  if (after.spec['restartPolicy'] !== before.spec['restartPolicy']) return 'restartPolicy: it has to stay Never';
  for (const [list, name, fields] of protectedContainers) {
    const was = elementOf(before, list, name);
    if (!was) continue;
    const is = elementOf(after, list, name);
    if (!is) return `${list}: the container ${name} is konverge's, and has to stay`;
    const field = fields.find((one) => !isDeepStrictEqual(was[one], is[one]));
    if (field) return `${list}[${name}].${field}: it is konverge's, and has to stay as it is`;
    const mounts = listOf(is, 'volumeMounts');
    const lost = listOf(was, 'volumeMounts').find((mount) => !mounts.some((one) => isDeepStrictEqual(one, mount)));
    if (lost) return `${list}[${name}].volumeMounts: ${String(lost['mountPath'])} has to stay as it is`;
  }
  const volume = Object.values(volumeNames).find(
    (name) => !isDeepStrictEqual(elementOf(before, 'volumes', name), elementOf(after, 'volumes', name)),
  );
  return volume === undefined ? undefined : `volumes: ${volume} is konverge's, and has to stay as it is`;
}

const protectedContainers = [
  ['containers', containerNames.step, ['command', 'args', 'terminationMessagePath', 'terminationMessagePolicy']],
  ['initContainers', containerNames.agent, ['command', 'args', 'restartPolicy']],
] as const;

function elementOf({ spec }: PodTemplate, list: string, name: string): Part | undefined {
  return listOf(spec, list).find((element) => element['name'] === name);
}

function listOf(part: Part | undefined, list: string): readonly Part[] {
  return (part?.[list] ?? []) as readonly Part[];
}
