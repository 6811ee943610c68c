import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/** Answers a request without a connection, as fetch would: the body arrives while it is made. */
export type Inject = (path: string, init?: RequestInit) => Promise<Response>;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Statuses whose replies have no body, which Response insists on. */
const withoutBody: ReadonlySet<number> = new Set([204, 205, 304]);

export const injectRequest =
  (app: Pick<FastifyInstance, 'inject'>): Inject =>
  async (path, init = {}) => {
    const request = new Request(new URL(path, 'http://localhost'), init);
    const body = init.body === undefined ? undefined : Buffer.from(await request.arrayBuffer());
    const reply = await app.inject({
      method: request.method as Method,
      url: path,
      headers: Object.fromEntries(request.headers),
      ...(body && { payload: body }),
      payloadAsStream: true,
    });
    const headers = Object.entries(reply.headers).map(
      ([name, value]) => [name, String(value)] as [string, string],
    );
    const stream = withoutBody.has(reply.statusCode) ? null : Readable.toWeb(reply.stream());
    return new Response(stream as ReadableStream | null, { status: reply.statusCode, headers });
  };
