import { comparisonRequest } from '../../jobs/comparisons/comparison-request.ts';
import { callerOf, requireModel } from '../plugins/authenticate.ts';
import type { Route } from '../route.ts';
import { problems } from '../v1/schemas/reply.ts';
import { comparisonExample } from './examples.ts';
import { comparisonList, comparisonParameter, comparisonView } from './schema.ts';
import { viewComparison } from './view.ts';

const tags = ['training'];

/** Routes of comparisons. */
export const comparisonRoutes: Route = (scope, { training: { comparisons, requireAvailable } }) => {
  scope.post(
    '/v1/training/comparisons',
    {
      config: { access: 'train' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'createComparison',
        tags,
        summary:
          'Trains several cells, with a grid or random draws of settings, on the same data and with equal parameter counts',
        body: comparisonRequest.meta({ examples: [comparisonExample] }),
        response: { 200: comparisonView, ...problems },
      },
    },
    async (request) => {
      const { model, spec } = request.body;
      requireModel(request, model);
      if (spec.base !== undefined) requireModel(request, spec.base);
      return viewComparison(await comparisons.create(request.body, callerOf(request)));
    },
  );
  scope.get(
    '/v1/training/comparisons',
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listComparisons',
        tags,
        summary: 'Lists comparisons, newest first',
        response: { 200: comparisonList, ...problems },
      },
    },
    async (request) => ({
      object: 'list' as const,
      data: (await comparisons.list(callerOf(request))).map(viewComparison),
    }),
  );
  scope.get(
    '/v1/training/comparisons/:comparison',
    {
      config: { access: 'train' },
      schema: {
        operationId: 'showComparison',
        tags,
        summary:
          'Shows a comparison: score, parameters, step time, time to the target and gradient reach of each trial',
        params: comparisonParameter,
        response: { 200: comparisonView, ...problems },
      },
    },
    async (request) => viewComparison(await comparisons.get(request.params.comparison, callerOf(request))),
  );
  scope.post(
    '/v1/training/comparisons/:comparison/cancel',
    {
      config: { access: 'train' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'cancelComparison',
        tags,
        summary: 'Cancels all unfinished trials; no model is published',
        params: comparisonParameter,
        response: { 200: comparisonView, ...problems },
      },
    },
    async (request) => viewComparison(await comparisons.cancel(request.params.comparison, callerOf(request))),
  );
};
