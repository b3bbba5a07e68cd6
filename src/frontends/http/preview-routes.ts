import type { Api } from './api.ts';
import { type Route, route } from './route.ts';
import { PreviewBatch, PreviewBatchDocument, Previews } from './schemas.ts';
import { itemFrom, placeOf, settingsFrom } from './session-routes.ts';

export function previewRoutes(api: Api): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/explain',
      summary:
        'What would become of steps: kind, queue and what the engine would make of them; nothing is kept or started',
      body: PreviewBatch,
      bodyDocument: PreviewBatchDocument,
      status: 200,
      answer: Previews,
      handle: ({ body }) => {
        const settings = settingsFrom(body.settings ?? {});
        const items = body.steps.map((step) => itemFrom(api, step, settings));
        const results = api.core.preview(api.workdir, items);
        return { engine: api.core.engine.name, ...placeOf(api, settings), results };
      },
    }),
  ];
}
