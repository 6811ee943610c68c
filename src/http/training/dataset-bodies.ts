import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { filesPath } from '../openai/files.ts';
import { datasetPath } from './datasets.ts';
import { datasetTypes } from './form-file.ts';

const formPaths = new Set<string | undefined>([datasetPath, filesPath]);

/** Passes the bodies of dataset uploads as streams; other routes reject their content types. */
export async function acceptDatasetBodies(app: FastifyInstance): Promise<void> {
  const unsupported = (): UnrollError =>
    new UnrollError('unsupported_media_type', 'the body must be application/json');
  await app.register(multipart);
  app.addHook('preValidation', async (request) => {
    if (request.isMultipart() && !formPaths.has(request.routeOptions.url)) throw unsupported();
  });
  for (const type of Object.keys(datasetTypes))
    app.addContentTypeParser(type, (request, payload, done) => {
      if (request.routeOptions.url === datasetPath) done(null, payload);
      else done(unsupported());
    });
}
