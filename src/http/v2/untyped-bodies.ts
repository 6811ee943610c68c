import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { headerLength } from './inference-body.ts';
import { checkEachRequest } from '../plugins/check-each-request.ts';

/** Types that clients send when they do not care: Triton's plain text, and curl a form. */
const untyped = /^(text\/plain|application\/x-www-form-urlencoded)\b/i;

/**
 * Accepts bodies without a content type, or with one that their client did not mean, on the routes of the
 * inference protocol: they get the type that the route accepts. Requests with an Origin header are
 * refused, since a browser lets any page send such bodies to any server, but JSON only as UNROLL_CORS_ORIGIN
 * allows. Other routes refuse a body without a type.
 */
export function acceptUntypedBodies(app: FastifyInstance): void {
  checkEachRequest(app, ({ method, raw: { headers }, routeOptions: { url = '' } }) => {
    if (method !== 'POST' || !url.startsWith('/v2/')) return;
    const type = headers['content-type'];
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    const binary = headers[headerLength] !== undefined && url.endsWith('/infer');
    if (!empty && !binary && type !== undefined && !untyped.test(type)) return;
    if (headers.origin !== undefined)
      throw new UnrollError('unsupported_media_type', 'the body must be application/json');
    if (empty) delete headers['content-type'];
    else headers['content-type'] = url.endsWith('/infer') ? 'application/octet-stream' : 'application/json';
  });
}
