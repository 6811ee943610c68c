import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';

/**
 * Accepts bodies of the binary tensor extension as bytes on infer routes; other routes refuse their content
 * type.
 */
export function acceptTensorBodies(app: FastifyInstance): void {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, body, done) => {
    const url = request.routeOptions.url ?? '';
    if (url.startsWith('/v2/') && url.endsWith('/infer')) done(null, body);
    else done(new UnrollError('unsupported_media_type', 'the body must be application/json'));
  });
}
