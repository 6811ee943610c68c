import { z } from 'zod';
import type { Route } from '../route.ts';

export const healthRoutes: Route = (scope, { tasks, draining, full }) => {
  scope.get(
    '/v2/health/live',
    {
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
      schema: {
        operationId: 'ready',
        tags: ['operations'],
        summary: 'Whether it can answer: models loaded, not shutting down, not out of connections',
        response: { 200: z.object({ ready: z.boolean() }), 503: z.object({ ready: z.boolean() }) },
      },
    },
    async (_, reply) => {
      const ready = tasks.repository.ready() && !draining() && !full();
      return reply.status(ready ? 200 : 503).send({ ready });
    },
  );
};
