import { stringify } from 'yaml';
import * as z from 'zod';
import type { Explanation } from '../http/schemas.ts';

/** What an engine makes of a step, where these are objects of a cluster. */
const Manifests = z.object({
  manifests: z.array(z.unknown()),
  notes: z.array(z.string()),
  limits: z.array(z.string()).default([]),
});

/** Undefined if the plan is none of objects. */
export function manifestsIn(plan: unknown): z.infer<typeof Manifests> | undefined {
  return Manifests.safeParse(plan).data;
}

/** As documents of one YAML stream, each with its `---`: what kubectl takes. */
export function yamlDocuments(objects: readonly unknown[]): string {
  const options = { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' } as const;
  return objects.map((object) => `---\n${stringify(object, options)}`).join('');
}

export function modeOf({ mode, fallbackReasons }: z.infer<typeof Explanation>): string {
  switch (mode) {
    case 'direct':
      return 'direct: its own command, without Snakemake';
    case 'group':
      return 'direct: the own commands of all members of a group, in one place';
    case 'fallback':
      return `through Snakemake: ${fallbackReasons.join('; ')}`;
  }
}
