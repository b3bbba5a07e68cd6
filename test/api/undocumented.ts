interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Paths of the fields in an answer that its schema does not name. A schema without properties promises nothing. */
export function undocumentedFields(value: unknown, schema: Schema, at = ''): string[] {
  if (schema.anyOf) {
    const found = schema.anyOf.map((one) => undocumentedFields(value, one, at));
    return found.toSorted((a, b) => a.length - b.length)[0] ?? [];
  }
  if (Array.isArray(value)) {
    return value.flatMap((one, index) => undocumentedFields(one, schema.items ?? {}, `${at}[${index}]`));
  }
  if (value === null || typeof value !== 'object' || schema.properties === undefined) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const known = schema.properties?.[name];
    return known ? undocumentedFields(inner, known, `${at}.${name}`) : [`${at}.${name}`];
  });
}
