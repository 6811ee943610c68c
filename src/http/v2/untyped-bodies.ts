import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { checkEachRequest } from '../plugins/check-each-request.ts';

/**
 * Accepts bodies without a content type, or as plain text, on the routes of the inference protocol, as
 * Triton's clients send them: they get the type that the route accepts. Requests with an Origin header are
 * refused, since a browser lets any page send such bodies to any server, but JSON only as UNROLL_CORS_ORIGIN
 * allows. Other routes refuse a body without a type.
 */
export function acceptUntypedBodies(app: FastifyInstance): void {
  checkEachRequest(app, ({ method, raw: { headers }, routeOptions: { url = '' } }) => {
    if (method !== 'POST' || !url.startsWith('/v2/')) return null;
    const type = headers['content-type'];
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    if (!empty && type !== undefined && !/^text\/plain\b/i.test(type)) return null;
    if (headers.origin !== undefined)
      return new UnrollError('unsupported_media_type', 'the body must be application/json');
    if (empty) delete headers['content-type'];
    else headers['content-type'] = url.endsWith('/infer') ? 'application/octet-stream' : 'application/json';
    return null;
  });
}
