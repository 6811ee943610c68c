import { parseModelName } from '../../repository/model-reference.ts';
import type { Route } from '../route.ts';
import { deleted, modelName, versionParameter } from './schemas/models.ts';
import { problems } from './schemas/reply.ts';

const tags = ['models'];

/** The routes that delete versions and models from the models folder. */
export const deleteModelRoutes: Route = (scope, { tasks: { repository } }) => {
  scope.delete(
    '/v1/models/:model/versions/:version',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'deleteVersion',
        tags,
        summary: 'Deletes a version that no alias points at; requests and sessions that use it finish first',
        params: versionParameter,
        response: { 200: deleted, ...problems },
      },
    },
    async ({ params: { model, version } }) => {
      await repository.removeVersion(parseModelName(model), version);
      return { id: `${model}@${version}`, deleted: true as const };
    },
  );
  scope.delete(
    '/v1/models/:model',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'deleteModel',
        tags,
        summary: 'Deletes a model with all its versions and aliases; requests that use it finish first',
        params: modelName,
        response: { 200: deleted, ...problems },
      },
    },
    async ({ params: { model } }) => {
      await repository.removeModel(parseModelName(model));
      return { id: model, deleted: true as const };
    },
  );
};
