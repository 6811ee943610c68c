import type { Socket } from 'node:net';
import { UnrollError, type ErrorCode } from '../../errors.ts';
import { toProblem } from '../problem.ts';

// What never became a request, because it is not HTTP, too long or too slow: answered by hand on the bare socket.

// an import of node:http evaluates all its exports, WebSocket among them: undici, 30 ms and 14 MB
const { STATUS_CODES } = process.getBuiltinModule('node:http');

const known: Readonly<Record<string, readonly [code: ErrorCode, detail: string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the headers are longer than the server takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'the request did not arrive in time'],
};

export function handleParseError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [code, detail] = known[error.code ?? ''] ?? ['malformed_http', 'the server cannot read this request'];
  const problem = toProblem(new UnrollError(code, detail));
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  );
}
