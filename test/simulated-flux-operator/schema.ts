/** The part of OpenAPI v3 that definitions of kinds use. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly default?: unknown;
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

/**
 * What the API server would refuse under strict validation: fields that the schema does not have, wrong types, missing fields.
 * Each fault begins with its path.
 */
export function faultsOf(schema: Schema, value: unknown, path = ''): string[] {
  if (schema['x-kubernetes-int-or-string']) {
    const fits = typeof value === 'number' || (typeof value === 'string' && matches(schema, value));
    return fits ? [] : [`${path}: is no amount`];
  }
  switch (schema.type) {
    case 'object':
      return isObject(value) ? faultsOfObject(schema, value, path) : [`${path}: is not an object`];
    case 'array':
      if (!Array.isArray(value)) return [`${path}: is not a list`];
      return value.flatMap((item, index) => faultsOf(schema.items ?? {}, item, `${path}[${index}]`));
    case 'integer':
      return Number.isInteger(value) ? [] : [`${path}: is not a whole number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: is not true or false`];
    case 'string':
      if (typeof value !== 'string') return [`${path}: is not a text`];
      return matches(schema, value) ? [] : [`${path}: is not of the form`];
    case undefined:
      return [];
    default:
      return [`${path}: unknown type ${schema.type}`];
  }
}

function faultsOfObject(schema: Schema, value: Readonly<Record<string, unknown>>, path: string): string[] {
  const { properties = {}, additionalProperties, required = [] } = schema;
  // What every object has is not in the schema of its kind.
  const open = path === '/metadata';
  const missing = required.filter((name) => value[name] === undefined).map((name) => `${path}/${name}: is missing`);
  const faults = Object.entries(value).flatMap(([name, item]) => {
    const of = properties[name] ?? additionalProperties;
    if (of === undefined) return open ? [] : [`${path}/${name}: is not known`];
    return item === undefined ? [] : faultsOf(of, item, `${path}/${name}`);
  });
  return [...missing, ...faults];
}

/** The value as the API server would keep it: with the defaults of fields whose parents are there. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withDefaults(schema.items ?? {}, item));
  if (!isObject(value)) return value;
  const { properties = {}, additionalProperties } = schema;
  const given = Object.entries(value).map(([name, item]) => {
    const of = properties[name] ?? additionalProperties;
    return [name, of === undefined ? item : withDefaults(of, item)] as const;
  });
  const added = Object.entries(properties)
    .filter(([name, { default: default_ }]) => default_ !== undefined && value[name] === undefined)
    .map(([name, property]) => [name, property.default] as const);
  return Object.fromEntries([...given, ...added]);
}

function matches({ pattern, enum: values }: Schema, value: string): boolean {
  return (pattern === undefined || new RegExp(pattern).test(value)) && (values?.includes(value) ?? true);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
