import { UnrollError } from '../../errors.ts';
import { defaultAlias } from '../../model-files.ts';
import { parseModelName } from '../../repository/model-reference.ts';
import type { Repository } from '../../repository/repository-interface.ts';
import type { Route } from '../route.ts';
import {
  aliasBody,
  aliasList,
  aliasParameter,
  aliasView,
  changedAlias,
  modelName,
} from './schemas/models.ts';
import { problems } from './schemas/reply.ts';

const tags = ['models'];
const path = '/v1/models/:model/aliases';

/** The routes of aliases, which decide which version takes a model's traffic. */
export const aliasRoutes: Route = (scope, { tasks: { repository } }) => {
  scope.get(
    path,
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'listAliases',
        tags,
        summary: 'The aliases of a model',
        params: modelName,
        response: { 200: aliasList, ...problems },
      },
    },
    async ({ params }) => {
      const model = findName(repository, params.model);
      const aliases = new Set([defaultAlias, ...repository.aliases(model).keys()]);
      return {
        object: 'list' as const,
        data: [...aliases].map((alias) => viewAlias(repository, model, alias)),
      };
    },
  );
  scope.get(
    `${path}/:alias`,
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'showAlias',
        tags,
        summary: 'The version that an alias points at',
        params: aliasParameter,
        response: { 200: aliasView, ...problems },
      },
    },
    async ({ params }) => viewAlias(repository, findName(repository, params.model), params.alias),
  );
  scope.put(
    `${path}/:alias`,
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'setAlias',
        tags,
        summary: 'Points an alias at a version, at once and on every server of the models folder',
        description:
          'Setting `default` moves the traffic of the name to a version, or back. Requests and sessions that have begun stay on their version.',
        params: aliasParameter,
        body: aliasBody.meta({ examples: [{ version: 1 }] }),
        response: { 200: changedAlias, ...problems },
      },
    },
    async ({ params, body }) => {
      const model = parseModelName(params.model);
      const previous = await repository.setAlias(model, params.alias, body.version);
      return { ...viewAlias(repository, model, params.alias), previous };
    },
  );
  scope.delete(
    `${path}/:alias`,
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'deleteAlias',
        tags,
        summary: 'Removes an alias; without `default`, a name refers to the highest version that is ready',
        params: aliasParameter,
        response: { 200: changedAlias, ...problems },
      },
    },
    async ({ params: { model, alias } }) => {
      const previous = await repository.setAlias(parseModelName(model), alias, null);
      return {
        object: 'model.alias' as const,
        model,
        alias,
        version: null,
        set: false,
        ready: false,
        previous,
      };
    },
  );
};

/** @throws UnrollError invalid_model_name, model_not_found */
function findName(repository: Pick<Repository, 'list'>, model: string): string {
  const name = parseModelName(model);
  if (repository.list(name).length > 0) return name;
  throw new UnrollError('model_not_found', `there is no model ${name}`, { field: 'model' });
}

/** @throws UnrollError alias_not_found, model_not_ready */
function viewAlias(repository: Pick<Repository, 'aliases' | 'find' | 'list'>, model: string, alias: string) {
  const target = repository.aliases(model).get(alias);
  const version = target ?? repository.find(`${model}@${alias}`).version;
  const ready = repository.list(model).some((one) => one.version === version && one.ready);
  return { object: 'model.alias' as const, model, alias, version, set: target !== undefined, ready };
}
