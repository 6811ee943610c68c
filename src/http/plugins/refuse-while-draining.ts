import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { checkEachRequest } from './check-each-request.ts';

/**
 * Rejects new work while the server shuts down, and every training request, because the database is closed.
 */
export function refuseWhileDraining(app: FastifyInstance, draining: () => boolean): void {
  checkEachRequest(app, ({ method, routeOptions: { url = '' } }) =>
    draining() &&
    (method === 'POST' || url.endsWith('/stream') || /^\/v1\/(training|datasets|fine_tuning|files)/.test(url))
      ? new UnrollError('shutting_down', 'the server accepts no new requests', { retryAfterSeconds: 1 })
      : null,
  );
}
