import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Bindings, ChildLoggerOptions } from 'fastify/types/logger.js';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../errors.ts';
import type { ModelIdentity } from '../../repository/repository-interface.ts';
import type { Deadlines } from '../../tasks/context.ts';
import { toLoggableUrl } from '../loggable-url.ts';
import { onReplyEnd } from '../on-reply-end.ts';
import { isProbe } from '../probes.ts';
import { readTraceId } from '../request-id.ts';

/** What is logged of a request besides its head; its route adds to it. */
export interface RequestRecord {
  model: string | null;
  version: number | null;
  task: string | null;
  /** Of the error, also of one that ended a stream. */
  code: ErrorCode | null;
  /** Of all its sequences that ended. */
  steps: number;
  /** Of the sequence that waited longest, and of the one that ran longest. */
  queuedMs: number;
  runMs: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    record: RequestRecord;
  }
}

/** Records the model of a request and what it is asked for. */
export function recordModel(
  { record }: FastifyRequest,
  { name, version }: Pick<ModelIdentity, 'name' | 'version'>,
  task: string,
): void {
  record.model = name;
  record.version = version;
  record.task = task;
}

/** Returns a function that records a sequence of a request when it has ended. */
export const recordSequence =
  ({ record }: FastifyRequest): NonNullable<Deadlines['onSequenceEnd']> =>
  ({ steps, queuedMs, runMs }) => {
    record.steps += steps;
    record.queuedMs = Math.max(record.queuedMs, queuedMs);
    record.runMs = Math.max(record.runMs, runMs);
  };

/** The caller's address; empty where the socket is closed already, which then has none. */
export const addressOf = ({ ip }: { readonly ip: string | undefined }): string => ip ?? '';

/** Of an address, which may come from a header. */
const maxAddressLength = 64;
/** Bytes of a connection at the end of its last request. */
const counted = new WeakMap<object, { read: number; written: number }>();

/**
 * Logs a line for each request when its reply has been written or its client has disconnected, scrapes and
 * probes at debug. No body and no header is logged.
 */
export function logRequests(app: FastifyInstance): void {
  app.decorateRequest('record');
  app.addHook('onRequest', (request, reply, next) => {
    startRecord(request, reply);
    next();
  });
}

/** The logger of a request: with its id and its trace. */
export function createRequestLogger(
  logger: FastifyBaseLogger,
  bindings: Bindings,
  options: ChildLoggerOptions,
  raw: Pick<IncomingMessage, 'headers'>,
): FastifyBaseLogger {
  const trace = readTraceId(raw);
  return logger.child(trace === null ? bindings : { ...bindings, trace_id: trace }, options);
}

/** Also for requests that fail before the hooks. */
export function startRecord(request: FastifyRequest, reply: FastifyReply): void {
  request.record = { model: null, version: null, task: null, code: null, steps: 0, queuedMs: 0, runMs: 0 };
  const { socket } = request.raw;
  const ip = addressOf(request).slice(0, maxAddressLength);
  onReplyEnd(reply, (status, written) => {
    if (!written) request.record.code ??= 'cancelled';
    logRequest(request, status, reply.elapsedTime, socket, ip);
  });
}

function logRequest(request: FastifyRequest, status: number, ms: number, socket: Socket, ip: string): void {
  const { record, log, caller } = request;
  const level = isProbe(request.routeOptions.url) ? 'debug' : 'info';
  log[level](
    {
      method: request.method,
      url: toLoggableUrl(request.originalUrl),
      status,
      code: record.code ?? undefined,
      model: record.model ?? undefined,
      version: record.version ?? undefined,
      task: record.task ?? undefined,
      ...(record.steps > 0 && {
        steps: record.steps,
        queued_ms: round(record.queuedMs),
        run_ms: round(record.runMs),
      }),
      ms: round(ms),
      ...countBytes(socket),
      key: caller?.name ?? undefined,
      ip,
    },
    'request',
  );
}

/** Bytes of the connection (0 for a request that is injected) since the end of its last request: heads and bodies of this one. */
function countBytes(socket: Partial<Socket> & object): { bytes_in: number; bytes_out: number } {
  const { bytesRead = 0, bytesWritten = 0 } = socket;
  const { read, written } = counted.get(socket) ?? { read: 0, written: 0 };
  counted.set(socket, { read: bytesRead, written: bytesWritten });
  return { bytes_in: bytesRead - read, bytes_out: bytesWritten - written };
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
