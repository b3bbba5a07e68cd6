import { createHash } from 'node:crypto';
import type { StepId } from '../../domain/brand.ts';
import type { WorkloadKind } from '../../domain/kind.ts';

/**
 * Operators add suffixes of their own, and 63 is the end of a label: `-launcher`, `-worker-0`, five random characters; of a JobSet
 * the name of a member, its index, the pod's index and five more.
 */
const maxLengths: Readonly<Record<WorkloadKind, number>> = { job: 50, jobset: 38, mpijob: 50, minicluster: 50 };
const hashLength = 16;

/**
 * The name of a step's object: `align-reads-4f1c09d2ab37e851-a1-g2`. A DNS-1035 label of at most 50 characters, 38 of a JobSet.
 *
 * Deterministic, so that a repeated POST meets the object of the first one (design.md 12.1). Telling names apart is the hash's
 * part, of run and step: two runs in one namespace may have the same working directory, and so the same step ids. Rule, attempt
 * and generation are for people.
 */
export function objectNameOf(run: string, id: StepId, rule: string, kind: WorkloadKind = 'job'): string {
  const hash = createHash('sha256').update(`${run}\0${id}\0${rule}`).digest('hex').slice(0, hashLength);
  // An id of some other form has no such end, or one that leaves no room; the hash has all of it.
  const end = /-a\d{1,4}-g\d{1,4}$/.exec(id)?.[0] ?? '';
  const readable = readablePart(rule).slice(0, maxLengths[kind] - hashLength - 1 - end.length);
  return `${readable.replace(/-+$/, '')}-${hash}${end}`;
}

/** The Secret goes with its object, and is another kind: it can have the same name. */
export function secretNameOf(objectName: string): string {
  return objectName;
}

/** Lower case, digits and dashes, beginning with a letter. Letters of other scripts are left out. */
function readablePart(rule: string): string {
  const plain = rule
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (plain === '') return 'step';
  return /^[a-z]/.test(plain) ? plain : `step-${plain}`;
}
