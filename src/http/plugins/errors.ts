import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { problemOf } from '../problem.ts';

/** Every error is answered as a problem document; what the server did not expect is logged with its stack. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500 && problem.code === 'internal')
      request.log.error({ err: error }, 'request failed');
    if (error instanceof UnrollError && error.retryAfterSeconds !== undefined)
      void reply.header('retry-after', error.retryAfterSeconds);
    return reply
      .status(problem.status)
      .type('application/problem+json')
      .serializer(JSON.stringify)
      .send(problem);
  });
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0]!;
    const others = (['GET', 'POST'] as const).filter(
      (method) => app.findRoute({ method, url: path }) || matches(app, method, path),
    );
    if (others.length > 0)
      throw new UnrollError(
        'method_not_allowed',
        `${path} takes ${others.join(' and ')}, not ${request.method}`,
      );
    throw new UnrollError(
      'not_found',
      `there is nothing at ${request.method} ${path}; /docs lists what there is`,
    );
  });
}

/** Whether a route with parameters would take this path. */
const matches = (app: FastifyInstance, method: 'GET' | 'POST', path: string): boolean =>
  /^\/v1\/models\/[^/]+$/.test(path)
    ? method === 'GET'
    : /^\/v1\/models\/[^/]+\/(classify|tag|generate|predict|embed)$/.test(path) &&
      method === 'POST' &&
      app.hasRoute({ method, url: '/v1/models/:model/classify' });
