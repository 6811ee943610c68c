import { mayUseModel } from '../../access/caller.ts';
import { callerOf } from '../plugins/authenticate.ts';
import { findModel } from '../v1/model-view.ts';
import type { Route } from '../route.ts';
import { byName, byVersion, failures, toReference, tags } from './inference-schema.ts';
import { modelStatistics } from './statistics-schema.ts';
import { toStatistics } from './statistics-view.ts';

// Triton's statistics extension to the Open Inference Protocol.

export const statisticsRoutes: Route = (scope, { tasks: { repository } }) => {
  const response = { 200: modelStatistics, ...failures };
  scope.get(
    '/v2/models/stats',
    {
      config: { access: 'infer' },
      schema: { operationId: 'statistics', tags, summary: 'Statistics of every model', response },
    },
    async (request) => ({
      model_stats: repository
        .list()
        .filter(({ name }) => mayUseModel(callerOf(request), name))
        .map(toStatistics),
    }),
  );
  scope.get(
    '/v2/models/:model/stats',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'modelStatistics',
        tags,
        summary: 'Statistics of every version of a model',
        params: byName,
        response,
      },
    },
    async ({ params }) => {
      const { shown, versions } = findModel(repository, params.model);
      const asked = params.model.includes('@') ? [shown] : versions;
      return { model_stats: asked.map(toStatistics) };
    },
  );
  scope.get(
    '/v2/models/:model/versions/:version/stats',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'modelStatisticsVersion',
        tags,
        summary: 'Statistics of a version of a model',
        params: byVersion,
        response,
      },
    },
    async ({ params }) => ({
      model_stats: [toStatistics(findModel(repository, toReference(params)).shown)],
    }),
  );
};
