import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { inflateBody, isEncoded } from '../body/inflate-body.ts';

/**
 * Accepts bodies of the binary tensor extension as bytes on infer routes; other routes refuse their content
 * type.
 */
export function acceptTensorBodies(app: FastifyInstance): void {
  const parse = async (request: FastifyRequest, body: Buffer): Promise<Buffer> => {
    const url = request.routeOptions.url ?? '';
    if (!url.startsWith('/v2/') || !url.endsWith('/infer'))
      throw new UnrollError('unsupported_media_type', 'the body must be application/json');
    return isEncoded(request) ? inflateBody(request, body) : body;
  };
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, parse);
}
