import type { FastifyInstance } from 'fastify';

/**
 * Triton's clients send the bodies of the inference protocol without a type or as plain text, and none at all where that is allowed:
 * they are taken for what the route takes. Everywhere else a body without a type stays refused.
 */
export function takeUntypedBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw: { headers }, routeOptions: { url = '' } }) => {
    if (!url.startsWith('/v2/')) return;
    const type = headers['content-type'];
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    if (empty) delete headers['content-type'];
    else if (type === undefined || /^text\/plain\b/i.test(type))
      headers['content-type'] = url.endsWith('/infer') ? 'application/octet-stream' : 'application/json';
  });
}
