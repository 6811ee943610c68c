import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

/** A server that answers as a test says: what proxies and broken connections do to replies. */
export interface FakeServer {
  readonly url: string;
  /** How it answers from here on. */
  answer(handler: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Requests since the last `answer`, and the connections that they came on. */
  readonly requests: { readonly path: string; readonly body: string; readonly connection: number }[];
  /** How many connections are open. */
  connections(): Promise<number>;
}

export async function startFakeServer(): Promise<FakeServer> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end();
  const connections = new Map<unknown, number>();
  const requests: FakeServer['requests'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const known = connections.get(request.socket) ?? connections.size;
      connections.set(request.socket, known);
      requests.push({ path: request.url!, body, connection: known });
      handle(request, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(handler) {
      handle = handler;
      requests.length = 0;
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
  };
}

/** Answers with an event stream in pieces, each sent by itself, and ends it as given. */
export const sendStream =
  (pieces: readonly (string | Uint8Array)[], end: 'end' | 'cut' | 'stay' = 'end') =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.socket!.setNoDelay(true);
    const send = (at: number): void => {
      if (at < pieces.length) response.write(pieces[at]!, () => setImmediate(() => send(at + 1)));
      else if (end === 'end') response.end();
      else if (end === 'cut') response.socket!.destroy();
    };
    send(0);
  };

/** Answers with JSON. */
export const sendJson =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

export const problem = (code: string, status: number, more: object = {}): object => ({
  type: 'about:blank',
  title: 'A title',
  status,
  code,
  detail: `the reason of ${code}`,
  ...more,
});
