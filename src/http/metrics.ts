import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import type { Route } from './route.ts';
import { problems } from './v1/schemas/reply.ts';
import { openMetricsType, prefersOpenMetrics, toOpenMetrics } from '../telemetry/open-metrics.ts';

export const metricsRoute: Route = (scope, { metrics, options }) => {
  scope.get(
    '/metrics',
    {
      config: { access: options.metricsAccess },
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
          ...problems,
        },
      },
      serializerCompiler: () => (text) => String(text),
    },
    async ({ caller, headers: { accept } }, reply) => {
      // they show every model
      if (caller?.models)
        throw new UnrollError('forbidden', 'metrics are of all models; this key is limited to some');
      const text = await metrics.registry.metrics();
      return prefersOpenMetrics(accept ?? '')
        ? reply.type(openMetricsType).send(toOpenMetrics(text))
        : reply.type(metrics.registry.contentType).send(text);
    },
  );
};
