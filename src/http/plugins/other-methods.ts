import type { FastifyInstance, HTTPMethods } from 'fastify';
import { UnrollError } from '../../errors.ts';

const all: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Answers 405 where a path has a route, but not for the method asked. Add it before the routes it watches. */
export function refuseOtherMethods(app: FastifyInstance, add: () => void): void {
  const taken = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = taken.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    taken.set(url, methods);
  });
  add();
  for (const [url, methods] of Array.from(taken)) {
    const allowed = [...methods].filter((method) => method !== 'HEAD').join(', ');
    app.route({
      method: all.filter((method) => !methods.has(method)),
      url,
      schema: { hide: true },
      // before the body is read: it does not matter what is in it
      onRequest: async (request, reply) => {
        void reply.header('allow', allowed);
        throw new UnrollError('method_not_allowed', `${url} takes ${allowed}, not ${request.method}`);
      },
      handler: () => {},
    });
  }
}
