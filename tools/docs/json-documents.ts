import { z } from 'zod';
import { KonvergeYaml } from '../../src/config/schema.ts';
import { version } from '../../src/daemon/version.ts';
import type { Api } from '../../src/frontends/http/api.ts';
import { openApiDocument } from '../../src/frontends/http/openapi.ts';
import { routes } from '../../src/frontends/http/routes.ts';

/** The JSON schema of konverge.yaml, for editors. */
export function configurationSchema(): Record<string, unknown> {
  return { title: 'konverge.yaml', ...z.toJSONSchema(KonvergeYaml, { io: 'input' }) };
}

/** What GET /v1/openapi.json answers. Describing a route calls none of its handlers, so no core is needed. */
export function openApi(): Record<string, unknown> {
  return openApiDocument(routes({ version } as Api), version);
}
