import { createHash } from 'node:crypto';
import type { StepId } from '../../domain/brand.ts';
import { requestHashOf } from '../../domain/identity.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import type { ObjectMeta } from './client/object.ts';

/**
 * The prefix of our labels and annotations. A prefix has to be a DNS subdomain; this one of a single part claims no domain name
 * that might be somebody else's, and Kubernetes reserves only `kubernetes.io` and `k8s.io`.
 */
const prefix = 'konverge';

export const labelKeys = {
  managedBy: 'app.kubernetes.io/managed-by',
  /** Which core's working directory: one reflector per kind selects by it. */
  run: `${prefix}/run`,
  step: `${prefix}/step`,
  rule: `${prefix}/rule`,
  attempt: `${prefix}/attempt`,
  generation: `${prefix}/generation`,
  /** Of a pod that is a service: which one. */
  service: `${prefix}/service`,
} as const;

export const annotationKeys = {
  /** The StepId, whole. */
  step: `${prefix}/step`,
  /** The part of the StepKey that the StepId has. */
  stepKey: `${prefix}/step-key`,
  /** What an object that is already there must agree with to be this step's (design.md 12.1). */
  requestHash: `${prefix}/request-hash`,
  rule: `${prefix}/rule`,
  /** For people: the rule with its wildcards. */
  label: `${prefix}/label`,
  /** Of a pod that is a service: a port that nobody stated. */
  chosenPort: `${prefix}/chosen-port`,
} as const;

const managedBy = 'konverge';
const maxLabelLength = 63;
/** All annotations of an object together may have 256 KiB; the label of a large group names all of its members. */
const maxAnnotationBytes = 4096;

/** Selects all objects of a run, of whatever kind. */
export function runSelector(run: string): string {
  return `${labelKeys.managedBy}=${managedBy},${labelKeys.run}=${labelValue(run)}`;
}

/** Selects the objects of all runs. */
export function ownSelector(): string {
  return `${labelKeys.managedBy}=${managedBy},${labelKeys.run}`;
}

/** Of the object, its pods and its Secret. */
export function stepLabels({ id, spec }: WorkOrder, run: string): Readonly<Record<string, string>> {
  const { key: _key, attempt, generation } = partsOf(id);
  return {
    [labelKeys.managedBy]: managedBy,
    [labelKeys.run]: labelValue(run),
    [labelKeys.step]: labelValue(id),
    [labelKeys.rule]: labelValue(spec.rule),
    [labelKeys.attempt]: attempt ?? String(spec.attempt),
    ...(generation === undefined ? {} : { [labelKeys.generation]: generation }),
  };
}

/** Full values, for what a label cannot hold. */
export function stepAnnotations({ id, spec }: WorkOrder): Readonly<Record<string, string>> {
  return {
    [annotationKeys.step]: id,
    [annotationKeys.stepKey]: partsOf(id).key,
    [annotationKeys.requestHash]: requestHashOf(spec),
    [annotationKeys.rule]: cut(spec.rule),
    [annotationKeys.label]: cut(spec.label),
  };
}

/** Which step an object or pod of ours belongs to. */
export function stepOf({ annotations, labels }: Pick<ObjectMeta, 'annotations' | 'labels'>): StepId | undefined {
  return (annotations?.[annotationKeys.step] ?? labels?.[labelKeys.step]) as StepId | undefined;
}

/**
 * Any text as the value of a label: itself if it can be one; else what is left of it, with a hash of the whole, so that two
 * texts stay two.
 */
export function labelValue(text: string): string {
  if (text.length <= maxLabelLength && /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(text)) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const readable = text.replaceAll(/[^-A-Za-z0-9_.]+/g, '_').replace(/^[^A-Za-z0-9]+/, '');
  return [readable.slice(0, maxLabelLength - hash.length - 1), hash].filter((part) => part !== '').join('-');
}

function partsOf(id: StepId): { readonly key: string; readonly attempt?: string; readonly generation?: string } {
  const [, key, attempt, generation] = /^(.+)-a(\d{1,63})-g(\d{1,63})$/.exec(id) ?? [];
  if (key === undefined || attempt === undefined || generation === undefined) return { key: id };
  return { key, attempt, generation };
}

function cut(text: string): string {
  if (Buffer.byteLength(text) <= maxAnnotationBytes) return text;
  // A character that is cut in two becomes U+FFFD, which is dropped.
  return `${Buffer.from(text)
    .subarray(0, maxAnnotationBytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '')} …`;
}
