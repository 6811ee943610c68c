import type { FastifyInstance } from 'fastify';
import { getStatus } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/** Counts and times every request by its route rather than its path, to limit the number of labels. */
export function measureRequests(app: FastifyInstance, { requests, duration }: Metrics): void {
  app.addHook('onRequest', (request, reply, next) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    const { raw } = reply;
    const record = (status: number): void => {
      requests.inc({ method, route, status });
      duration.observe({ method, route }, reply.elapsedTime / 1000);
    };
    raw.once('finish', () => record(reply.statusCode));
    // fastify's onResponse hook is not called when the client disconnects before the end
    raw.once('close', () => {
      if (!raw.writableFinished) record(getStatus('cancelled'));
    });
    next();
  });
}
