import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { problemOf } from '../problem.ts';

/** Answers any error with a problem document; what the server did not expect is logged with its stack. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  // the body broke off, unless it was we who would read no more of it: then nobody hears the answer
  const brokeOff = thrown === request.raw.errored && !(thrown instanceof UnrollError);
  const error = brokeOff ? new UnrollError('cancelled', 'the body broke off') : thrown;
  const problem = problemOf(error, request.routeOptions.bodyLimit);
  if (problem.code === 'internal') request.log.error({ err: error }, 'request failed');
  if (error instanceof UnrollError && error.retryAfterSeconds !== undefined)
    void reply.header('retry-after', error.retryAfterSeconds);
  // the inference protocol has a shape of its own for errors
  if (/^\/v2(\/|$|\?)/.test(request.url))
    return void reply
      .status(problem.status)
      .type('application/json')
      .serializer(JSON.stringify)
      .send({ error: problem.detail });
  void reply.status(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}

export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply));
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0]!;
    throw new UnrollError(
      'not_found',
      `there is nothing at ${request.method} ${path}; /docs lists what there is`,
    );
  });
}
