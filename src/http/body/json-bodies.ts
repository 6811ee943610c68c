import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { inflateBody, isEncoded } from './inflate-body.ts';
import { parseJson, parseSmallJson, maxUnslicedBytes } from './parse-json.ts';

/**
 * Parses bodies of application/json in bounded time. Replaces fastify's parser, which parses JSON of any size
 * at once.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  const parse = async (request: FastifyRequest, sent: Buffer): Promise<unknown> => {
    // clients name the type even where they send nothing, because a route takes nothing
    if (sent.length === 0 && request.routeOptions.schema?.body === undefined) return undefined;
    const body = isEncoded(request) ? await inflateBody(request, sent) : sent;
    if (body.length === 0) throw new UnrollError('malformed_json', 'the body is empty');
    return body.length <= maxUnslicedBytes ? parseSmallJson(body) : parseJson(body);
  };
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parse);
}
