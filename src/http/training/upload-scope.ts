import multipart from '@fastify/multipart';
import { UnrollError } from '../../errors.ts';
import { isEncoded } from '../body/inflate-body.ts';
import { fileRoutes } from '../openai/files.ts';
import type { Route, Scope } from '../route.ts';
import { datasetRoutes } from './datasets.ts';
import { datasetTypes } from './form-file.ts';

/**
 * The routes of datasets, whose uploads are passed as streams. They are in a scope of their own, because the
 * multipart plugin adds three hooks with promises to every request of its scope; other routes do not know its content
 * types.
 */
export const uploadScope: Route = async (app, parts) => {
  await app.register(async (scope: Scope) => {
    await scope.register(multipart);
    // an array of records is stored as it is
    scope.removeContentTypeParser('application/json');
    for (const type of Object.keys(datasetTypes))
      scope.addContentTypeParser(type, (request, payload, done) => {
        if (isEncoded(request))
          done(new UnrollError('unsupported_media_type', 'content-encoding: uploads are read as they are'));
        else done(null, payload);
      });
    await datasetRoutes(scope, parts);
    await fileRoutes(scope, parts);
  });
};
