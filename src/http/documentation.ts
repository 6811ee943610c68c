import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** /docs and /openapi.json, made from the routes' own schemas. */
export async function documentation(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Unroll',
        version: '0.1.0',
        description:
          'A server for trained recurrent networks. Answers are the same bits alone, batched or streamed. Errors are RFC 9457 problem documents with a stable `code`. Every limit is a setting: `npm run unroll -- config`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This server' }],
      tags: [
        { name: 'models', description: 'What is served' },
        { name: 'tasks', description: 'Sequences in, answers out' },
        { name: 'operations', description: 'Health and metrics' },
      ],
      security: [],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
