import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { request } from 'undici';
import { WebSocket, type ClientOptions } from 'ws';

// Clients of input streams: both directions at once.

// oxlint-disable-next-line typescript/no-explicit-any -- replies of many shapes
export type Json = any;

/** A POST whose body is written while its reply is read. */
export function openBody(
  url: string,
  headers: Record<string, string> = { 'content-type': 'application/x-ndjson' },
) {
  const body = new PassThrough();
  // undici sends the head with the first piece of the body
  const replied = request(url, { method: 'POST', headers, body, bodyTimeout: 0 }).then((reply) => {
    reply.body.setEncoding('utf8');
    return { reply, pieces: reply.body[Symbol.asyncIterator]() };
  });
  let text = '';
  return {
    replied: replied.then(({ reply }) => reply),
    send: (data: string | Uint8Array) => void body.write(data),
    end: () => void body.end(),
    leave: () => void body.destroy(),
    /** Null at the end. */
    async next(): Promise<Json> {
      const { pieces } = await replied;
      for (;;) {
        const at = text.indexOf('\n');
        if (at >= 0) {
          const line = text.slice(0, at);
          text = text.slice(at + 1);
          return JSON.parse(line);
        }
        const { done, value } = await pieces.next();
        if (done) return null;
        text += value as string;
      }
    },
  };
}

/** A WebSocket, whose messages are read one by one. */
export async function openSocket(url: string, protocols: string[] = [], options: ClientOptions = {}) {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, options);
  const messages: Json[] = [];
  const readers: ((message: Json) => void)[] = [];
  let closed: { code: number; reason: string } | null = null;
  socket.on('message', (data, isBinary) => {
    const message: Json = isBinary ? data : JSON.parse((data as Buffer).toString());
    const reader = readers.shift();
    if (reader) reader(message);
    else messages.push(message);
  });
  const closing = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => {
      closed = { code, reason: reason.toString() };
      for (const reader of readers) reader(null);
      resolve(closed);
    }),
  );
  await once(socket, 'open');
  socket.on('error', () => {});
  return {
    socket,
    send: (data: string | Uint8Array) => socket.send(data),
    /** Null when it is closed. */
    next: (): Promise<Json> =>
      messages.length > 0
        ? Promise.resolve(messages.shift())
        : closed
          ? Promise.resolve(null)
          : new Promise((resolve) => readers.push(resolve)),
    closing,
    async close() {
      socket.close(1000);
      return closing;
    },
  };
}

/** The status with which a WebSocket is refused. */
export async function refusedSocket(
  url: string,
  protocols: string[] = [],
  options: ClientOptions = {},
): Promise<number> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, options);
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  return response.statusCode;
}
