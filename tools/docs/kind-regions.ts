import { operatorNames, operatorOfKind, purposeOfKind } from '../../src/domain/kind.ts';
import { kindList } from '../../src/engines/kubernetes/kinds/registry.ts';
import { table } from './regions.ts';

/** The regions of docs/reference/kinds.md. */
export function kindRegions(): Record<string, string> {
  return { kinds: kinds(), limits: limits() };
}

function kinds(): string {
  const rows = kindList().map(({ name, resource: { group, version, kind } }) => [
    `\`${name}\``,
    `${kind} (\`${group}/${version}\`)`,
    operatorOfKind[name],
    purposeOfKind[name],
    Object.entries(operatorNames)
      .filter(([, of]) => of === name)
      .map(([word]) => `\`${word}\``)
      .join(', '),
  ]);
  return table(['kind', 'object', 'who makes its pods', 'what it is for', '`kueue_operator`'], rows);
}

function limits(): string {
  const rows = kindList().flatMap(({ name, limits: of }) =>
    Object.entries(of).map(([limit, reason]) => [`\`${name}\``, limit, reason]),
  );
  return table(['kind', 'of what', 'what it needs, or cannot do'], rows);
}
