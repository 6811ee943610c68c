import { findModel, toModelSummaries, toSkippedSummary, toModelDetails } from './model-view.ts';
import type { Route } from '../route.ts';
import { modelDetails, modelList } from './schemas/models.ts';
import { modelParameter, problem } from './schemas/reply.ts';
import { sendJson } from '../send-json.ts';

export const modelRoutes: Route = (scope, { tasks }) => {
  scope.get(
    '/v1/models',
    {
      schema: {
        operationId: 'listModels',
        tags: ['models'],
        summary: 'Every model, ready or not, and what in the models folder is none',
        response: { 200: modelList },
      },
    },
    async () => ({
      object: 'list' as const,
      data: [
        ...toModelSummaries(tasks.repository.list()),
        ...tasks.repository.skipped().map(toSkippedSummary),
      ],
    }),
  );
  scope.get(
    '/v1/models/:model',
    {
      schema: {
        operationId: 'showModel',
        tags: ['models'],
        summary: 'One model: layers, state, kernel, provenance',
        params: modelParameter,
        response: {
          200: modelDetails,
          '4xx': {
            description: 'No such model',
            content: { 'application/problem+json': { schema: problem } },
          },
        },
      },
    },
    async (request, reply) =>
      // a model may have hundreds of thousands of labels
      sendJson(reply, toModelDetails(findModel(tasks.repository, request.params.model), tasks)),
  );
};
