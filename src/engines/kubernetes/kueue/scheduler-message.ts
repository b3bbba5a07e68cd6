/**
 * What Kueue's scheduler says of a Workload that it could not admit. In 0.19 the reason is `Pending` whether there is no room
 * now or never will be; only the words tell the two apart (pkg/scheduler/flavorassigner/flavorassigner.go).
 */
export interface SchedulerMessage {
  /** `unknown`: these are other words. */
  readonly verdict: 'never' | 'later' | 'unknown';
  /** Ours, if every word of the message was understood; else Kueue's. */
  readonly text: string;
}

interface Phrase {
  /** Undefined: of no flavor. */
  readonly flavor?: string;
  readonly verdict: 'never' | 'later' | 'skipped';
  readonly text: string;
}

interface Pattern {
  readonly find: RegExp;
  readonly read: (...groups: string[]) => Phrase;
}

const patterns: readonly Pattern[] = [
  {
    find: /insufficient quota for (\S+) in flavor (\S+), previously considered podsets requests \(([^)]*)\) \+ current podset request \(([^)]*)\) > maximum capacity \(([^)]*)\)/g,
    read: (resource = '', flavor = '', others = '', asked = '', most = '') => ({
      flavor,
      verdict: 'never',
      text: `asks for ${asked} ${resource}${others === '0' ? '' : ` beside ${others} of its other pods`}, and flavor ${flavor} has ${most} at most`,
    }),
  },
  {
    find: /insufficient unused quota for (\S+) in flavor (\S+), (\S+) more needed/g,
    read: (resource = '', flavor = '', more = '') => ({
      flavor,
      verdict: 'later',
      text: `${more} more ${resource} needed in flavor ${flavor}`,
    }),
  },
  {
    find: /resource (\S+) unavailable in ClusterQueue/g,
    read: (resource = '') => ({ verdict: 'never', text: `its ClusterQueue has no quota for ${resource}` }),
  },
  {
    find: /untolerated taint (\{[^}]*\}|\S+) in flavor (\S+)/g,
    read: (taint = '', flavor = '') => ({
      flavor,
      verdict: 'skipped',
      text: `does not tolerate the taint ${taint} of flavor ${flavor}`,
    }),
  },
  {
    find: /flavor (\S+) doesn't match node affinity/g,
    read: (flavor = '') => ({
      flavor,
      verdict: 'skipped',
      text: `wants other nodes than those of flavor ${flavor}`,
    }),
  },
];

const podSetPrefix = /couldn't assign flavors to pod set \S+: /;
const preemption = /\.? ?Pending the preemption of (\d+) workload\(s\)/;

export function parseSchedulerMessage(message: string): SchedulerMessage {
  const podSets = message.split(podSetPrefix).filter((part) => part !== '');
  const read = podSets.map(readPodSet);
  const phrases = read.flatMap(({ texts }) => texts);
  if (phrases.length === 0) return { verdict: 'unknown', text: message };
  const verdict = read.some(({ never }) => never) ? 'never' : read.some(({ later }) => later) ? 'later' : 'unknown';
  const understood = read.every(({ rest }) => /^[\s,.;]*$/.test(rest));
  return { verdict, text: understood ? phrases.join('; ') : message };
}

/**
 * A pod set can never be admitted if each flavor that Kueue looked at is too small for one of its resources. A flavor without
 * such a phrase may take it later: which flavors are alternatives the message does not say, so doubt means waiting.
 */
function readPodSet(part: string): { texts: string[]; never: boolean; later: boolean; rest: string } {
  let rest = part;
  const phrases: Phrase[] = [];
  for (const { find, read } of patterns) {
    rest = rest.replace(find, (_all, ...groups: unknown[]) => {
      phrases.push(read(...groups.filter((group) => typeof group === 'string')));
      return '';
    });
  }
  const tooSmall = new Set(phrases.filter(({ verdict }) => verdict === 'never').map(({ flavor }) => flavor));
  const may = phrases.filter(({ flavor, verdict }) => verdict === 'later' && !tooSmall.has(flavor));
  const never = tooSmall.has(undefined) || (tooSmall.size > 0 && may.length === 0);
  const texts = phrases.map(({ text }) => text);
  rest = rest.replace(preemption, (_all, count: string) => {
    texts.push(`${count} of lower priority being preempted for it`);
    return '';
  });
  return { texts, never, later: may.length > 0, rest };
}
