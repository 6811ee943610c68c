import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { isEncoded } from '../body/inflate-body.ts';
import { datasetPath, datasetTypes } from './datasets.ts';

/** Passes the bodies of dataset uploads as streams; other routes reject their content types. */
export async function acceptDatasetBodies(app: FastifyInstance): Promise<void> {
  const unsupported = (): UnrollError =>
    new UnrollError('unsupported_media_type', 'the body must be application/json');
  await app.register(multipart);
  app.addHook('preValidation', async (request) => {
    if (request.isMultipart() && request.routeOptions.url !== datasetPath) throw unsupported();
  });
  for (const type of Object.keys(datasetTypes))
    app.addContentTypeParser(type, (request, payload, done) => {
      if (isEncoded(request))
        done(new UnrollError('unsupported_media_type', 'content-encoding: uploads are read as they are'));
      else if (request.routeOptions.url === datasetPath) done(null, payload);
      else done(unsupported());
    });
}
