import type { FastifyInstance } from 'fastify';
import { onReplyEnd } from '../on-reply-end.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/** Counts and times every request by its route rather than its path, to limit the number of labels. */
export function measureRequests(app: FastifyInstance, { countRequest }: Pick<Metrics, 'countRequest'>): void {
  app.addHook('onRequest', (request, reply, next) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    onReplyEnd(reply, (status) => {
      countRequest({ method, route, status, ms: reply.elapsedTime });
    });
    next();
  });
}
