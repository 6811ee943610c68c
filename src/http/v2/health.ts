import { z } from 'zod';
import type { Route } from '../route.ts';

const readiness = z.object({
  ready: z.boolean(),
  reason: z.string().optional().describe('Why it is not'),
  training: z
    .object({ available: z.literal(false), reason: z.string() })
    .optional()
    .describe('Only where training is not available; models are served all the same'),
});

export const healthRoutes: Route = (scope, { tasks, training, closing, connectionsFull }) => {
  scope.get(
    '/v2/health/live',
    {
      config: { access: 'open' },
      schema: {
        operationId: 'live',
        tags: ['operations'],
        summary: 'Whether the server runs',
        response: { 200: z.object({ live: z.literal(true) }) },
      },
    },
    async () => ({ live: true as const }),
  );
  scope.get(
    '/v2/health/ready',
    {
      config: { access: 'open' },
      schema: {
        operationId: 'ready',
        tags: ['operations'],
        summary:
          'Whether the server is ready: a model can be served, not shutting down, not out of connections',
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_, reply) => {
      const reason = closing()
        ? 'the server is shutting down'
        : connectionsFull()
          ? 'no connection or file descriptor is left'
          : tasks.repository.unready();
      const noTraining = training.unavailable();
      return reply.status(reason === null ? 200 : 503).send({
        ready: reason === null,
        ...(reason !== null && { reason }),
        ...(noTraining !== null && { training: { available: false as const, reason: noTraining } }),
      });
    },
  );
};
