import * as z from 'zod';

/** The namespace as far as it is known: its labels may be out of sight. */
export interface NamespaceFacts {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const Selector = z.object({
  matchLabels: z.record(z.string(), z.string()).catch({}),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).catch([]),
      }),
    )
    .catch([]),
});

/** Every namespace has it; where nothing else is asked for, its other labels need not be known. */
const nameLabel = 'kubernetes.io/metadata.name';

/** Whether a ClusterQueue's `namespaceSelector` takes a namespace; undefined if its labels would have to be known. None takes none. */
export function selects(selector: unknown, { name, labels }: NamespaceFacts): boolean | undefined {
  if (selector == null) return false;
  const parsed = Selector.safeParse(selector);
  if (!parsed.success) return undefined;
  const { matchLabels, matchExpressions } = parsed.data;
  const all = [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] })),
    ...matchExpressions,
  ];
  const answers = all.map(({ key, operator, values }) => {
    const value = key === nameLabel ? name : labels?.[key];
    if (key !== nameLabel && labels === undefined) return undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
    }
  });
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}
