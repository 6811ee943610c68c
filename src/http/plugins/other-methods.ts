import type { FastifyInstance, HTTPMethods } from 'fastify';
import { UnrollError } from '../../errors.ts';

const allMethods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Rejects with 405 a method that has no route at the path. @param add adds the routes */
export async function refuseOtherMethods(app: FastifyInstance, add: () => Promise<void>): Promise<void> {
  const methodsByUrl = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByUrl.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    methodsByUrl.set(url, methods);
  });
  await add();
  for (const [url, methods] of Array.from(methodsByUrl)) {
    const allowed = [...methods].filter((method) => method !== 'HEAD').join(', ');
    app.route({
      method: allMethods.filter((method) => !methods.has(method)),
      url,
      config: { access: 'open' },
      schema: { hide: true },
      // before the body is read, which is not needed
      onRequest: async (request, reply) => {
        void reply.header('allow', allowed);
        throw new UnrollError(
          'method_not_allowed',
          `method: ${url} supports ${allowed}, was ${request.method}`,
        );
      },
      handler: () => {},
    });
  }
}
