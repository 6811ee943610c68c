import websocket from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { UnrollError } from '../../../errors.ts';
import type { SessionStream } from '../../../sessions/session-stream.ts';
import { callerOf } from '../../plugins/authenticate.ts';
import { isEncoded } from '../../body/inflate-body.ts';
import { keepAliveMs } from '../../long-request.ts';
import type { AppParts } from '../../parts.ts';
import type { Route, Scope } from '../../route.ts';
import { isWebSocket, subprotocol } from '../../websocket.ts';
import { modelParameter } from '../schemas/reply.ts';
import { sessionParameter } from '../sessions/schemas.ts';
import { sessionOf } from '../sessions/session-of.ts';
import { answerBody } from './body-stream.ts';
import { describeBody, describeSocket } from './documentation.ts';
import { socketQuery, streamQuery, type StreamQuery } from './query.ts';
import { answerSocket } from './socket-stream.ts';
import { createFrameSplitter } from './split-frames.ts';
import { maxInputBytes } from './stream-input.ts';

const config = { access: 'infer' } as const;
const frameType = 'application/octet-stream';
const types = ['application/x-ndjson', 'application/jsonl', 'application/json', frameType];

/**
 * Streams of inputs: a body that is answered while it is sent, and WebSockets. They are in a scope of their own: its
 * bodies are not read before their routes, and the plugin of WebSockets adds hooks to every request of its scope.
 */
export const inputStreamScope: Route = async (app, parts) => {
  await app.register(async (scope: Scope) => {
    await scope.register(websocket, {
      options: {
        maxPayload: maxInputBytes,
        // never the key, which is a subprotocol too
        handleProtocols: (offered: Set<string>) => offered.has(subprotocol) && subprotocol,
      },
      errorHandler: (error, socket, request) => {
        request.log.info({ err: error }, 'a WebSocket failed');
        socket.terminate();
      },
    });
    scope.removeAllContentTypeParsers();
    // curl -T names no type
    scope.addContentTypeParser('*', (request, payload, done) => done(findUnreadable(request), payload));
    addRoutes(scope, parts, {
      url: '/v1/sessions/:session/stream',
      of: 'session',
      params: sessionParameter,
      open: ({ session }, caller, query) =>
        parts.sessions.open(sessionOf(session!, caller, query), caller, query.take_over === true),
    });
    addRoutes(scope, parts, {
      url: '/v1/models/:model/stream',
      of: 'model',
      params: modelParameter,
      open: ({ model }, caller) => parts.sessions.openUnnamed(model!, caller),
    });
  });
};

/** @returns null for a body that can be read as it arrives */
function findUnreadable(request: FastifyRequest): UnrollError | null {
  if (isEncoded(request))
    return new UnrollError('unsupported_media_type', 'content-encoding: streams are read as they are');
  const type = request.headers['content-type'];
  return type === undefined || types.some((one) => type.toLowerCase().startsWith(one))
    ? null
    : new UnrollError('unsupported_media_type', `the body must be one of ${types.join(', ')}`);
}

interface Opened {
  readonly url: string;
  readonly of: 'session' | 'model';
  readonly params: typeof sessionParameter | typeof modelParameter;
  readonly open: (
    params: { readonly session?: string; readonly model?: string },
    caller: ReturnType<typeof callerOf>,
    query: StreamQuery,
  ) => SessionStream | Promise<SessionStream>;
}

function addRoutes(scope: Scope, parts: AppParts, { url, of, params, open }: Opened): void {
  scope.post(
    url,
    { config, schema: { ...describeBody(of), params, querystring: streamQuery, consumes: types } },
    async (request, reply) => {
      const { query } = request;
      const stream = await open(request.params, callerOf(request), query);
      try {
        const isFrames = request.headers['content-type']?.startsWith(frameType) === true;
        const frames = isFrames ? createFrameSplitter(stream.model, query) : null;
        void answerBody(parts, { request, reply, stream, query, frames });
      } catch (error) {
        stream.close(false);
        throw error;
      }
      return reply;
    },
  );
  scope.route({
    method: 'GET',
    url,
    config,
    schema: { ...describeSocket(of), params, querystring: socketQuery },
    // for the log and the metrics: the reply itself is the plugin's
    preHandler: (request, reply, next) => {
      if (isWebSocket(request.raw.headers)) void reply.code(101);
      next();
    },
    handler: async (_, reply) => {
      void reply.header('upgrade', 'websocket');
      throw new UnrollError(
        'upgrade_required',
        `GET ${url} is a WebSocket: connect to it with ws:// or wss://`,
      );
    },
    wsHandler: (socket, request) => {
      request.raw.socket.setKeepAlive(true, keepAliveMs);
      const { query } = request;
      const caller = callerOf(request);
      const openOwn = () => open(request.params, caller, query);
      return answerSocket(parts, { socket, request, query, open: openOwn });
    },
  });
}
