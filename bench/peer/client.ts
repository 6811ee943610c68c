import { Agent, request } from 'node:http';

/** What came back: the body, and when its pieces arrived. */
export interface Received {
  readonly status: number;
  readonly body: string;
  /** From the start of the request. */
  readonly ms: number;
  /** Milliseconds from the start of the request to each event, where the reply is a stream. */
  readonly eventsAtMs: readonly number[];
}

export type Post = (path: string, body: string) => Promise<Received>;

/** @param connections open at a time at most */
export function createPost(url: string, connections: number): Post {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return (path, body) =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request(`${url}${path}`, { method: 'POST', agent, headers }, (reply) => {
        const pieces: string[] = [];
        const eventsAtMs: number[] = [];
        const streams = reply.headers['content-type']?.startsWith('text/event-stream') ?? false;
        reply.setEncoding('utf8');
        reply.on('data', (piece: string) => {
          pieces.push(piece);
          if (!streams) return;
          const ms = performance.now() - startedAt;
          for (let at = piece.indexOf('data: '); at >= 0; at = piece.indexOf('data: ', at + 1))
            eventsAtMs.push(ms);
        });
        reply.on('end', () =>
          resolve({
            status: reply.statusCode ?? 0,
            body: pieces.join(''),
            ms: performance.now() - startedAt,
            eventsAtMs,
          }),
        );
        reply.on('error', reject);
      });
      call.on('error', reject);
      call.end(body);
    });
}

/** As many callers as given, each of which sends its next request when the last is answered. */
export async function sendAll(
  post: Post,
  path: string,
  bodies: readonly string[],
  { callers, count }: { readonly callers: number; readonly count: number },
): Promise<{ readonly replies: Received[]; readonly perSecond: number }> {
  const replies: Received[] = [];
  const startedAt = performance.now();
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < count) replies.push(await post(path, bodies[next++ % bodies.length]!));
  };
  await Promise.all(Array.from({ length: callers }, call));
  const perSecond = (1000 * count) / (performance.now() - startedAt);
  const failed = replies.find(({ status }) => status !== 200);
  if (failed) throw new Error(`${path}: ${failed.status} ${failed.body.slice(0, 300)}`);
  return { replies, perSecond };
}

/**
 * Sends requests at a rate of their own.
 * @returns milliseconds of each from when it was due, and how late this process sent them, where another had its processor
 */
export async function sendAtRate(
  post: Post,
  path: string,
  bodies: readonly string[],
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<{ readonly ms: readonly number[]; readonly lateMs: readonly number[] }> {
  const ms: number[] = [];
  const lateMs: number[] = [];
  const count = Math.floor(perSecond * seconds);
  const startedAt = performance.now();
  const running: Promise<void>[] = [];
  for (let sent = 0; sent < count;) {
    const elapsed = performance.now() - startedAt;
    for (; sent < count && (1000 * sent) / perSecond <= elapsed; sent++) {
      const dueAt = startedAt + (1000 * sent) / perSecond;
      lateMs.push(performance.now() - dueAt);
      const answered = post(path, bodies[sent % bodies.length]!).then(({ status, body }) => {
        if (status !== 200) throw new Error(`${path}: ${status} ${body.slice(0, 300)}`);
        ms.push(performance.now() - dueAt);
      });
      // a failure is reported when all have been sent
      answered.catch(() => {});
      running.push(answered);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  return { ms, lateMs };
}

export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? NaN;
