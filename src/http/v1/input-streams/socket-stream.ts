import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { UnrollError } from '../../../errors.ts';
import type { SessionStream } from '../../../sessions/session-stream.ts';
import type { AppParts } from '../../parts.ts';
import { answerArriving, type Answer } from './answer-inputs.ts';
import { closeWithError } from './close-socket.ts';
import { createInputQueue } from './input-queue.ts';
import { pingSocket } from './ping-socket.ts';
import type { SocketQuery } from './query.ts';
import { readMessages, type Message } from './read-messages.ts';
import { recordStreamEnd } from './record-end.ts';
import { createSendGate } from './send-gate.ts';
import { createFrameSplitter } from './split-frames.ts';
import { watchStream } from './watch-stream.ts';

/** Bytes that the client has not read above which it is waited for. */
const fullBytes = 65_536;

export interface SocketStream {
  readonly socket: WebSocket;
  readonly request: FastifyRequest;
  readonly query: SocketQuery;
  readonly open: () => SessionStream | Promise<SessionStream>;
}

/** Answers the messages of a WebSocket, in order. Resolves when it is closed, or is being closed with an error. */
export async function answerSocket(
  { tasks, options, metrics, stopping }: AppParts,
  { socket, request, query, open }: SocketStream,
): Promise<void> {
  const left = new AbortController();
  const queue = createInputQueue<Message>(socket);
  const gate = createSendGate(query.timeout_ms ?? tasks.limits.timeoutMs);
  const end = (error: unknown): void => {
    queue.fail(error);
    gate.fail(error);
  };
  let onMessage = (): void => {};
  // from the first turn on: messages may come with the handshake
  socket.on('message', (data, isBinary) => {
    onMessage();
    queue.push({ data: data as Buffer, isBinary }, (data as Buffer).length);
  });
  socket.once('close', (code) => {
    left.abort();
    if (code === 1000 || code === 1001 || code === 1005) queue.end();
    end(new UnrollError('cancelled', 'the client disconnected'));
  });
  const stopPings = pingSocket(socket, options.pingMs);
  const sent = (): void => {
    if (socket.bufferedAmount < fullBytes) gate.open();
  };
  const send = (answer: Answer): Promise<void> | undefined => {
    socket.send(answer instanceof Uint8Array ? answer : JSON.stringify(answer), sent);
    return socket.bufferedAmount < fullBytes ? undefined : gate.wait();
  };
  metrics.openStreams.inc();
  let stream: SessionStream | null = null;
  let failure: unknown = null;
  try {
    stream = await open();
    const { model } = stream;
    const watch = watchStream(request, stream, stopping, end);
    onMessage = () => watch.touch();
    try {
      const inputs = readMessages(queue, () => createFrameSplitter(model, query), query.samples);
      await answerArriving({ tasks, request, stream, query, signal: left.signal }, inputs, send);
    } finally {
      watch.stop();
    }
  } catch (error) {
    failure = error;
  } finally {
    stopPings();
    metrics.openStreams.dec();
    // a client that closes its connection ends its stream
    stream?.close(failure === null || left.signal.aborted);
  }
  if (left.signal.aborted || failure === null) return;
  recordStreamEnd(request, failure);
  closeWithError(socket, failure);
}
