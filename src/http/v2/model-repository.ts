import { z } from 'zod';
import { mayUseModel } from '../../access/caller.ts';
import { callerOf } from '../plugins/authenticate.ts';
import type { Route } from '../route.ts';
import { byName, error, failures, tags } from './inference-schema.ts';

// Triton's model repository extension to the Open Inference Protocol. Triton loads by name; `name@version`
// loads one version.

const index = z.array(
  z.object({ name: z.string(), version: z.string(), state: z.string(), reason: z.string() }),
);
/** Other servers accept a configuration here; a model's configuration is its model.json. */
const loadBody = z
  .strictObject({ parameters: z.strictObject({}).optional() })
  .nullish()
  .meta({ examples: [{}] });
/** No model depends on another, so that either value has the same effect. */
const unloadBody = z
  .strictObject({ parameters: z.strictObject({ unload_dependents: z.boolean().optional() }).optional() })
  .nullish()
  .meta({ examples: [{}] });
const done = z.object({});

export const modelRepositoryRoutes: Route = (scope, { tasks: { repository } }) => {
  scope.post(
    '/v2/repository/index',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'repositoryIndex',
        tags,
        summary: 'Every version of every model, and why it cannot be served',
        body: z
          .object({ ready: z.boolean().optional() })
          .nullish()
          .meta({ examples: [{}] }),
        response: { 200: index, '4xx': error },
      },
    },
    async (request) =>
      repository
        .list()
        .filter(({ ready }) => ready || request.body?.ready !== true)
        .filter(({ name }) => mayUseModel(callerOf(request), name))
        .map(({ name, version, ready, error: why }) => ({
          name,
          version: String(version),
          state: ready ? 'READY' : why === null ? 'LOADING' : 'UNAVAILABLE',
          reason: why ?? '',
        })),
  );
  scope.post(
    '/v2/repository/models/:model/load',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'loadModel',
        tags,
        summary: 'Reads a model, or reads it again: `name` or `name@version`',
        params: byName,
        body: loadBody,
        response: { 200: done, ...failures },
      },
    },
    async ({ params }) => {
      await repository.load(params.model);
      return {};
    },
  );
  scope.post(
    '/v2/repository/models/:model/unload',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'unloadModel',
        tags,
        summary: 'Unloads a model until it is loaded again: `name` or `name@version`',
        params: byName,
        body: unloadBody,
        response: { 200: done, ...failures },
      },
    },
    async ({ params }) => {
      repository.unload(params.model);
      return {};
    },
  );
};
