import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UnrollError, type ErrorCode } from '../../errors.ts';
import { findReplacement, isOpenaiUrl } from '../openai/error.ts';
import { toErrorResponse } from '../problem.ts';
import { sendThenDrop } from '../send-then-drop.ts';
import { checkEachRequest } from './check-each-request.ts';

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
  void reply.status(status).type(type);
  const { complete, headers } = request.raw;
  // closed by fastify where no parser took the body, and by node where the client was not asked for it
  const closes = reply.getHeader('connection') === 'close' || headers.expect !== undefined;
  if (complete || (!closes && code !== 'body_too_large'))
    return void reply.serializer(JSON.stringify).send(body);
  const text = JSON.stringify(body);
  void reply
    .headers({ connection: 'close', 'content-length': Buffer.byteLength(text) })
    .send(sendThenDrop(text, request.raw));
}

/** Discards the rest of a body that a parser rejected: the next request on the connection follows it. */
function discardBody({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  raw.unpipe();
  raw.resume();
}

/** Rejects with 404 a path without a route, before its body is read. */
export function refuseUnknownPaths(app: FastifyInstance): void {
  checkEachRequest(app, (request) => (request.is404 ? unknownRoute(request) : null));
}

function unknownRoute({ method, url }: FastifyRequest): UnrollError {
  const path = url.split('?', 1)[0]!;
  const advice = findReplacement(path) ?? '/docs lists all routes';
  return new UnrollError('not_found', `no route for ${method} ${path}; ${advice}`);
}

/** Sets the handlers of errors and of unknown routes. */
export function setErrorHandlers(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request) => {
    throw unknownRoute(request);
  });
}
