import { KonvergeError } from './error.ts';

/**
 * How near each other the pods of a step have to be, in the words of Kueue's topology-aware scheduling. `level` is a label of
 * nodes that the queue's flavor lists as a level of its topology: all pods go to nodes of one value, always or if possible.
 */
export type Topology =
  | { readonly mode: 'required' | 'preferred'; readonly level: string }
  /** Anywhere, but only where the topology has room. */
  | { readonly mode: 'unconstrained' };

const label = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** `required: LABEL`, `preferred: LABEL`, `unconstrained`; a label by itself is required. Throws `resource-invalid`. */
export function parseTopology(text: string, where: string): Topology {
  const words = text.trim();
  if (words === 'unconstrained') return { mode: 'unconstrained' };
  const [, mode = 'required', level = ''] = /^(?:(required|preferred)\s*:\s*)?(.*)$/s.exec(words) ?? [];
  if (level.length <= 316 && label.test(level)) return { mode: mode as 'required' | 'preferred', level };
  throw new KonvergeError(
    'resource-invalid',
    `${where}: ${JSON.stringify(text)} is none of required: LABEL, preferred: LABEL and unconstrained`,
  );
}
