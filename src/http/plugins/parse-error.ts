import type { Socket } from 'node:net';
import { UnrollError, type ErrorCode } from '../../errors.ts';
import { mayTakeLong } from '../long-request.ts';
import { toProblem } from '../problem.ts';
import { findResponse } from '../response-in-progress.ts';

// Responses to requests that could not be parsed: not HTTP, too long or too slow. They are written to the
// socket directly.

// an import of node:http evaluates all its exports, including WebSocket, which loads undici: 30 ms and 14 MB
const { STATUS_CODES } = process.getBuiltinModule('node:http');

const timedOut = 'ERR_HTTP_REQUEST_TIMEOUT';
const causes: Readonly<Record<string, readonly [code: ErrorCode, detail: string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'headers: larger than the limit'],
  [timedOut]: ['request_timeout', 'the request did not arrive in time'],
};

/**
 * Sends a problem document and closes the socket.
 * @param headers to send with it
 */
export function handleParseError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (error.code === timedOut && mayTakeLong(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  // a reply on its way, such as one to what came before the fault, must not be followed by another
  if (findResponse(socket)?.headersSent) return socket.destroySoon();
  const [code, detail] = causes[error.code ?? ''] ?? ['malformed_http', 'the request is not valid HTTP'];
  const problem = toProblem(new UnrollError(code, detail));
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  );
}
