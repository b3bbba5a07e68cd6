import * as z from 'zod';

/** A condition as Kubernetes objects carry them in `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word of the controller's; empty if it gave none. */
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly sinceMs?: number;
}

const Text = z.string().catch('');
const Shape = z
  .object({
    type: z.string(),
    status: z.enum(['True', 'False', 'Unknown']).catch('Unknown'),
    reason: Text,
    message: Text,
    lastTransitionTime: z.unknown().optional(),
  })
  .transform(({ lastTransitionTime, ...rest }): Condition => {
    const sinceMs = parseTime(lastTransitionTime);
    return { ...rest, ...(sinceMs !== undefined && { sinceMs }) };
  });

/** Those of a status that can be read; another server's version may have what we do not know. */
export function conditionsOf(status: unknown): readonly Condition[] {
  const list = isRecord(status) ? status['conditions'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((item) => {
    const parsed = Shape.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });
}

export function find(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** The condition if it is True. */
export function holds(conditions: readonly Condition[], type: string): Condition | undefined {
  const condition = find(conditions, type);
  return condition?.status === 'True' ? condition : undefined;
}

/** A time as Kubernetes writes it, in milliseconds since the epoch. */
export function parseTime(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
