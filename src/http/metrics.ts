import { z } from 'zod';
import type { Route } from './route.ts';

export const metricsRoute: Route = (scope, { metrics }) => {
  scope.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        tags: ['operations'],
        summary: 'Prometheus text format',
        response: {
          200: {
            description: 'Every metric',
            content: { 'text/plain': { schema: z.string() } },
          },
        },
      },
      serializerCompiler: () => (text) => String(text),
    },
    async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
};
