import { comparisonRequest } from '../../jobs/comparisons/comparison-request.ts';
import type { Route } from '../route.ts';
import { problems } from '../v1/schemas/reply.ts';
import { comparisonList, comparisonParameter, comparisonView } from './schema.ts';
import { viewComparison } from './view.ts';

const tags = ['training'];

export const comparisonRoutes: Route = (scope, { training: { comparisons, requireAvailable } }) => {
  scope.post(
    '/v1/training/comparisons',
    {
      onRequest: requireAvailable,
      schema: {
        operationId: 'createComparison',
        tags,
        summary:
          'Trains several cells, and a grid or draws of settings, on the same data with the same number of parameters',
        body: comparisonRequest,
        response: { 200: comparisonView, ...problems },
      },
    },
    async ({ body }) => viewComparison(await comparisons.create(body)),
  );
  scope.get(
    '/v1/training/comparisons',
    {
      schema: {
        operationId: 'listComparisons',
        tags,
        summary: 'Every comparison, newest first',
        response: { 200: comparisonList, ...problems },
      },
    },
    async () => ({ object: 'list' as const, data: (await comparisons.list()).map(viewComparison) }),
  );
  scope.get(
    '/v1/training/comparisons/:comparison',
    {
      schema: {
        operationId: 'showComparison',
        tags,
        summary: 'One table: score, parameters, time a step, time to the target, reach of gradients',
        params: comparisonParameter,
        response: { 200: comparisonView, ...problems },
      },
    },
    async ({ params }) => viewComparison(await comparisons.get(params.comparison)),
  );
  scope.post(
    '/v1/training/comparisons/:comparison/cancel',
    {
      onRequest: requireAvailable,
      schema: {
        operationId: 'cancelComparison',
        tags,
        summary: 'Cancels every trial that is not over; then no model is published',
        params: comparisonParameter,
        response: { 200: comparisonView, ...problems },
      },
    },
    async ({ params }) => viewComparison(await comparisons.cancel(params.comparison)),
  );
};
