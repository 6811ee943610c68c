import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';

/** Refuses new work while the server shuts down, and everything about training, whose database closes. */
export function refuseWhileDraining(app: FastifyInstance, draining: () => boolean): void {
  app.addHook('onRequest', async ({ method, routeOptions: { url = '' } }) => {
    if (draining() && (method === 'POST' || /^\/v1\/(training|datasets)/.test(url)))
      throw new UnrollError('shutting_down', 'the server takes no new work', { retryAfterSeconds: 1 });
  });
}
