import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';

/**
 * Triton's clients send the bodies of the inference protocol without a type or as plain text, and none at all where that is allowed:
 * they are taken for what the route takes. Not from a page in a browser, which says where it is from: any page may send such bodies
 * anywhere, but JSON only with leave (UNROLL_CORS_ORIGIN). Everywhere else a body without a type stays refused.
 */
export function acceptUntypedBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ method, raw: { headers }, routeOptions: { url = '' } }) => {
    if (method !== 'POST' || !url.startsWith('/v2/')) return;
    const type = headers['content-type'];
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    if (!empty && type !== undefined && !/^text\/plain\b/i.test(type)) return;
    if (headers.origin !== undefined)
      throw new UnrollError('unsupported_media_type', 'the body must be application/json');
    if (empty) delete headers['content-type'];
    else headers['content-type'] = url.endsWith('/infer') ? 'application/octet-stream' : 'application/json';
  });
}
