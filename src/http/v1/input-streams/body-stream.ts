import type { FastifyReply, FastifyRequest } from 'fastify';
import { UnrollError } from '../../../errors.ts';
import type { SessionStream } from '../../../sessions/session-stream.ts';
import { dropRequest, keepReceiving } from '../../long-request.ts';
import type { AppParts } from '../../parts.ts';
import { answerInputs } from './answer-inputs.ts';
import { formatAsEvents, formatAsLines, type AnswerFormat } from './answer-format.ts';
import { createInputQueue } from './input-queue.ts';
import type { StreamQuery } from './query.ts';
import { queueBody, readInputs } from './read-body.ts';
import { recordStreamEnd } from './record-end.ts';
import { createSendGate } from './send-gate.ts';
import type { FrameSplitter } from './split-frames.ts';
import { watchStream } from './watch-stream.ts';

export interface BodyStream {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly stream: SessionStream;
  readonly query: StreamQuery;
  /** Null for lines. */
  readonly frames: FrameSplitter | null;
}

/**
 * Answers a body while it is sent: both directions at once, over HTTP/1.1. The reply's head goes first, so that a
 * client may wait for it before it sends anything.
 */
export async function answerBody(
  { tasks, options, metrics, stopping }: AppParts,
  { request, reply, stream, query, frames }: BodyStream,
): Promise<void> {
  const { raw: body } = request;
  const { raw: response } = reply;
  // it may have left while the session was waited for
  if (response.destroyed) return stream.close(false);
  const left = new AbortController();
  const queue = createInputQueue<Buffer>(body);
  const gate = createSendGate(query.timeout_ms ?? tasks.limits.timeoutMs);
  const end = (error: unknown): void => {
    queue.fail(error);
    gate.fail(error);
  };
  const format = request.headers.accept?.includes('text/event-stream') ? formatAsEvents : formatAsLines;
  const watch = watchStream(request, stream, stopping, end);
  const write = (text: string): Promise<void> | undefined => (response.write(text) ? undefined : gate.wait());
  response.on('drain', () => gate.open());
  response.once('close', () => {
    if (!response.writableFinished) left.abort();
    end(new UnrollError('cancelled', 'the client disconnected'));
  });
  metrics.openStreams.inc();
  sendHead(reply, format);
  keepReceiving(body);
  const stopPings = format.ping === null ? () => {} : sendPings(response, format.ping, options.pingMs);
  const stopReading = queueBody(body, queue, () => watch.touch());
  let failure: unknown = null;
  try {
    const answers = { tasks, request, stream, query, signal: left.signal };
    await answerInputs(answers, readInputs(queue, frames), (answer) => write(format.answer(answer)));
  } catch (error) {
    failure = error;
  } finally {
    watch.stop();
    stopPings();
    stopReading();
    metrics.openStreams.dec();
    stream.close(failure === null);
  }
  if (failure !== null) recordStreamEnd(request, failure);
  if (response.destroyed) return;
  response.end(failure === null ? format.end(stream.session) : format.error(failure));
  dropRequest(body, response);
}

function sendHead(reply: FastifyReply, format: AnswerFormat): void {
  reply.hijack();
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': format.type,
    // a proxy must not compress it either, which most do in blocks
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  if (format.start === '') reply.raw.flushHeaders();
  else reply.raw.write(format.start);
}

/** Writes a comment after each pause. */
function sendPings(response: FastifyReply['raw'], ping: string, pingMs: number): () => void {
  let written = 0;
  const timer = setInterval(() => {
    const { bytesWritten = 0 } = response.socket ?? {};
    if (bytesWritten === written && !response.writableNeedDrain) response.write(ping);
    written = response.socket?.bytesWritten ?? 0;
  }, pingMs).unref();
  return () => clearInterval(timer);
}
