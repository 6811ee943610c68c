import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import type { Route } from './route.ts';
import { problems } from './v1/schemas/reply.ts';

export const metricsRoute: Route = (scope, { metrics, options }) => {
  scope.get(
    '/metrics',
    {
      config: { access: options.metricsAccess },
      schema: {
        operationId: 'metrics',
        tags: ['operations'],
        summary: 'Prometheus text format',
        response: {
          200: {
            description: 'Every metric',
            content: { 'text/plain': { schema: z.string() } },
          },
          ...problems,
        },
      },
      serializerCompiler: () => (text) => String(text),
    },
    async (request, reply) => {
      // they show every model
      if (request.caller?.models)
        throw new UnrollError('forbidden', 'metrics are of all models; this key is limited to some');
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    },
  );
};
