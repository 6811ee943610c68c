import { z } from 'zod';
import type { Route } from './route.ts';
import { openMetricsType, prefersOpenMetrics, toOpenMetrics } from '../telemetry/open-metrics.ts';

export const metricsRoute: Route = (scope, { metrics }) => {
  scope.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        tags: ['operations'],
        summary: 'Prometheus text format, or OpenMetrics for a client that prefers it',
        response: {
          200: {
            description: 'Every metric',
            content: {
              'text/plain': { schema: z.string() },
              'application/openmetrics-text': { schema: z.string() },
            },
          },
        },
      },
      serializerCompiler: () => (text) => String(text),
    },
    async ({ headers: { accept } }, reply) => {
      const text = await metrics.registry.metrics();
      return prefersOpenMetrics(accept ?? '')
        ? reply.type(openMetricsType).send(toOpenMetrics(text))
        : reply.type(metrics.registry.contentType).send(text);
    },
  );
};
