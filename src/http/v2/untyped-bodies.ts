import type { FastifyInstance } from 'fastify';
import { checkEachRequest } from '../plugins/check-each-request.ts';

/**
 * Accepts bodies without a content type, or as plain text or a form, on the routes of the inference protocol, as
 * Triton's clients and `curl -d` send them: they get the type that the route accepts, after
 * plugins/cross-site.ts has refused those of other sites' pages. Other routes refuse a body without a type.
 */
export function acceptUntypedBodies(app: FastifyInstance): void {
  checkEachRequest(app, ({ method, raw: { headers }, routeOptions: { url = '' } }) => {
    if (method !== 'POST' || !url.startsWith('/v2/')) return null;
    const type = headers['content-type'];
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    if (!empty && type !== undefined && !/^(text\/plain|application\/x-www-form-urlencoded)\b/i.test(type))
      return null;
    if (empty) delete headers['content-type'];
    else headers['content-type'] = url.endsWith('/infer') ? 'application/octet-stream' : 'application/json';
    return null;
  });
}
