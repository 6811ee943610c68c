import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UnrollError, type ErrorCode } from '../../errors.ts';
import { findReplacement, isOpenaiUrl } from '../openai/error.ts';
import { toErrorResponse } from '../problem.ts';

/** Default of the retry-after header, for errors that do not set it. */
const retryAfterSeconds: Partial<Record<ErrorCode, number>> = { too_many_open_files: 1, overloaded: 1 };

const challenge = 'Bearer realm="unroll"';

/** Sends the response to any error; unexpected ones are logged with their stack. */
export function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  // the client disconnected while the body was received, unless the server itself stopped reading it
  const disconnected = thrown === request.raw.errored && !(thrown instanceof UnrollError);
  const error = disconnected
    ? new UnrollError('cancelled', 'body: the client disconnected before its end')
    : thrown;
  const { status, code, type, body } = toErrorResponse(error, request.url, request.routeOptions.bodyLimit);
  request.record.code = code;
  if (code === 'internal') request.log.error({ err: error }, 'request failed');
  const retryAfter =
    error instanceof UnrollError ? error.retryAfterSeconds : (retryAfterSeconds[code] ?? undefined);
  if (status === 401) void reply.header('www-authenticate', challenge);
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  // otherwise OpenAI's clients repeat every 5xx
  if (isOpenaiUrl(request.url)) void reply.header('x-should-retry', String(retryAfter !== undefined));
  discardBody(request);
  void reply.status(status).type(type).serializer(JSON.stringify).send(body);
}

/** Discards the rest of a body that a parser rejected: the next request on the connection follows it. */
function discardBody({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  raw.unpipe();
  raw.resume();
}

/** Sets the handlers of errors and of unknown routes. */
export function setErrorHandlers(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0]!;
    const advice = findReplacement(path) ?? '/docs lists all routes';
    throw new UnrollError('not_found', `no route for ${request.method} ${path}; ${advice}`);
  });
}
