import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { inflateBody, isEncoded } from '../body/inflate-body.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether its body may be application/octet-stream. */
    takesBytes?: boolean;
  }
}

/**
 * Accepts bodies of bytes on the routes that take them; other routes refuse their content type.
 */
export function acceptTensorBodies(app: FastifyInstance): void {
  const parse = async (request: FastifyRequest, body: Buffer): Promise<Buffer> => {
    if (request.routeOptions.config.takesBytes !== true)
      throw new UnrollError('unsupported_media_type', 'the body must be application/json');
    return isEncoded(request) ? inflateBody(request, body) : body;
  };
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, parse);
}
