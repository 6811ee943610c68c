import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { datasetPath, datasetTypes } from './datasets.ts';

/** Lets the bodies of uploads through as streams; everywhere else they stay of the wrong type. */
export async function acceptDatasetBodies(app: FastifyInstance): Promise<void> {
  const refuse = (): UnrollError =>
    new UnrollError('unsupported_media_type', 'the body must be application/json');
  await app.register(multipart);
  app.addHook('preValidation', async (request) => {
    if (request.isMultipart() && request.routeOptions.url !== datasetPath) throw refuse();
  });
  for (const type of Object.keys(datasetTypes))
    app.addContentTypeParser(type, (request, payload, done) => {
      if (request.routeOptions.url === datasetPath) done(null, payload);
      else done(refuse());
    });
}
