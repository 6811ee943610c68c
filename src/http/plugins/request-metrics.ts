import { finished } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { getStatus } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/** Counts and times every request by its route rather than its path, to limit the number of labels. */
export function measureRequests(app: FastifyInstance, { requests, duration }: Metrics): void {
  app.addHook('onRequest', async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    // fastify's onResponse hook is not called when the client disconnects before the end
    finished(reply.raw, (disconnected) => {
      const status = disconnected ? getStatus('cancelled') : reply.statusCode;
      requests.inc({ method, route, status });
      duration.observe({ method, route }, reply.elapsedTime / 1000);
    });
  });
}
