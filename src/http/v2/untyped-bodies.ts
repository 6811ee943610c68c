import type { FastifyInstance } from 'fastify';
import { headerLength } from './inference-body.ts';
import { checkEachRequest } from '../plugins/check-each-request.ts';

/** Types that clients send when they do not care: Triton's plain text, and curl a form. */
const untyped = /^(text\/plain|application\/x-www-form-urlencoded)\b/i;

/**
 * Accepts bodies without a content type, or with one that their client did not mean, on the routes of the
 * inference protocol: they get the type that the route accepts, after plugins/cross-site.ts has refused those of other
 * sites' pages. Other routes refuse a body without a type.
 */
export function acceptUntypedBodies(app: FastifyInstance): void {
  checkEachRequest(app, ({ method, raw: { headers }, routeOptions: { url = '' } }) => {
    if (method !== 'POST' || !url.startsWith('/v2/')) return null;
    const type = headers['content-type'];
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    const binary = headers[headerLength] !== undefined && url.endsWith('/infer');
    if (!empty && !binary && type !== undefined && !untyped.test(type)) return null;
    if (empty) delete headers['content-type'];
    else headers['content-type'] = url.endsWith('/infer') ? 'application/octet-stream' : 'application/json';
    return null;
  });
}
