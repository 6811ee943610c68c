import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UnrollError, type ErrorCode } from '../../errors.ts';
import { toErrorResponse } from '../problem.ts';

/** When to try again what failed for want of something, where the error does not say. */
const retryAfterSeconds: Partial<Record<ErrorCode, number>> = { too_many_open_files: 1, overloaded: 1 };

/** Answers any error; what the server did not expect is logged with its stack. */
export function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  // the body broke off, unless it was we who would read no more of it: then nobody hears the answer
  const brokeOff = thrown === request.raw.errored && !(thrown instanceof UnrollError);
  const error = brokeOff ? new UnrollError('cancelled', 'the body broke off') : thrown;
  const { status, code, type, body } = toErrorResponse(error, request.url, request.routeOptions.bodyLimit);
  if (code === 'internal') request.log.error({ err: error }, 'request failed');
  const retryAfter =
    error instanceof UnrollError ? error.retryAfterSeconds : (retryAfterSeconds[code] ?? undefined);
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  readToEnd(request);
  void reply.status(status).type(type).serializer(JSON.stringify).send(body);
}

/** Discards the rest of a body that a parser gave up: the next request on its connection comes after it. */
function readToEnd({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  raw.unpipe();
  raw.resume();
}

export function setErrorHandlers(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0]!;
    throw new UnrollError(
      'not_found',
      `there is nothing at ${request.method} ${path}; /docs lists what there is`,
    );
  });
}
