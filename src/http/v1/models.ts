import { mayUseModel } from '../../access/caller.ts';
import { callerOf } from '../plugins/authenticate.ts';
import { findModel, toModelSummaries, toSkippedSummary, toModelDetails } from './model-view.ts';
import { findPublicUrl } from '../public-url.ts';
import type { Route } from '../route.ts';
import { modelDetails, modelList } from './schemas/models.ts';
import { modelParameter, problems } from './schemas/reply.ts';
import { sendJson } from '../send-json.ts';

export const modelRoutes: Route = (scope, { tasks, options }) => {
  scope.get(
    '/v1/models',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'listModels',
        tags: ['models'],
        summary: 'Every model, ready or not, and what in the models folder is none',
        response: { 200: modelList, ...problems },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const listed = tasks.repository.list().filter(({ name }) => mayUseModel(caller, name));
      const skipped = caller.models === null ? tasks.repository.skipped() : [];
      return {
        object: 'list' as const,
        data: [...toModelSummaries(listed), ...skipped.map(toSkippedSummary)],
      };
    },
  );
  scope.get(
    '/v1/models/:model',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'showModel',
        tags: ['models'],
        summary: 'One model: layers, state, kernel, provenance',
        params: modelParameter,
        response: {
          200: modelDetails,
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const url = findPublicUrl(request, options.publicUrl);
      const keyed = options.authentication.kind === 'keys';
      const found = findModel(tasks.repository, request.params.model);
      // a model may have hundreds of thousands of labels
      return sendJson(reply, toModelDetails(found, tasks, { url, keyed }));
    },
  );
};
