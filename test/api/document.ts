/** The part of an OpenAPI document that the tests look at. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: 'path' | 'query'; readonly required: boolean }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>
  >;
}

export interface NamedOperation extends Operation {
  readonly method: string;
  readonly path: string;
  /** The documented status of success. */
  readonly status: number;
  /** Of the documented answer; absent where there is no body. */
  readonly contentType?: string;
  readonly schema?: unknown;
}

export function operationsOf(document: OpenApi): NamedOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const [status = ''] = Object.keys(operation.responses).filter((key) => key !== 'default');
      const [contentType] = Object.keys(operation.responses[status]?.content ?? {});
      const schema = contentType && operation.responses[status]?.content?.[contentType]?.schema;
      return {
        ...operation,
        method: method.toUpperCase(),
        path,
        status: Number(status),
        ...(contentType !== undefined && { contentType, schema }),
      };
    }),
  );
}

/** What fastify has registered, as `METHOD /path/{parameter}`, without the HEAD that it adds to each GET. */
export function registeredRoutes(printed: string): string[] {
  const found: string[] = [];
  const above: string[] = [];
  for (const line of printed.split('\n')) {
    const match = /^((?:[│ ] {3})*)(?:[├└]── )(\S*?)(?: \(([A-Z, ]+)\))?$/u.exec(line);
    if (!match) continue;
    const [, indent = '', part = '', methods = ''] = match;
    const depth = indent.length / 4;
    above.length = depth;
    above.push(part);
    const path = above.join('').replaceAll(/:(\w+)/g, '{$1}');
    for (const method of methods.split(', ')) if (method !== '' && method !== 'HEAD') found.push(`${method} ${path}`);
  }
  return [...new Set(found)].sort();
}
