import type { WebSocket } from 'ws';
import { toProblem } from '../../problem.ts';
import { causeOf, toErrorAnswer } from './stream-input.ts';

/** RFC 6455, 7.4.2: codes of an application begin here; the status of the error is added. */
const firstOwnCode = 4000;
/** IANA: the server restarts, and the client may connect again. */
const restartCode = 1012;
/** Bytes of a close frame's reason. */
const maxReasonBytes = 123;
/** Milliseconds for the client to read the end. */
const lastReadMs = 2000;

/** Sends an error as the last message, and closes the socket with its code. */
export function closeWithError(socket: WebSocket, error: unknown): void {
  const { code, status, detail } = toProblem(causeOf(error));
  socket.send(JSON.stringify(toErrorAnswer(error)));
  socket.close(
    code === 'shutting_down' ? restartCode : firstOwnCode + status,
    toReason(`${code}: ${detail}`),
  );
  // what waits to be sent cannot be, where its reader is behind
  socket.resume();
  const timer = setTimeout(() => socket.terminate(), lastReadMs).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** As much of a text as fits, whole characters. */
const toReason = (text: string): string =>
  new TextDecoder().decode(Buffer.from(text).subarray(0, maxReasonBytes), { stream: true });
