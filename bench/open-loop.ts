import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

// Requests at a rate independent of the replies, as from many independent callers.

export interface Reply {
  readonly status: number;
  readonly ms: number;
  /** Milliseconds from the start of the phase to the end of the reply. */
  readonly endedAt: number;
  readonly retryAfterSeconds: number | null;
}

/** Requests that are open at a time at most; a caller beyond that is counted as unsent. */
const maxOpen = 8000;

export type Send = (startedAt: number) => Promise<Reply>;

/** @param makeBody called once per request with its number */
export function createSender(url: string, path: string, makeBody: (index: number) => object): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  let index = 0;
  return (startedAt) =>
    new Promise((resolve) => {
      const body = JSON.stringify(makeBody(index++));
      const sentAt = performance.now();
      const answered = (status: number, retryAfter: string | undefined): void => {
        const now = performance.now();
        const retryAfterSeconds = retryAfter === undefined ? null : Number(retryAfter);
        resolve({ status, ms: now - sentAt, endedAt: now - startedAt, retryAfterSeconds });
      };
      const call = request(`${url}${path}`, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      call.on('response', (reply) => {
        reply.resume();
        reply.on('end', () => answered(reply.statusCode ?? 0, reply.headers['retry-after']));
        reply.on('error', () => answered(0, undefined));
      });
      call.on('error', () => answered(0, undefined));
      call.end(body);
    });
}

/** As many callers as `connections`, each sending its next request when the last is answered. */
export async function closedLoop(send: Send, connections: number, seconds: number): Promise<Reply[]> {
  const replies: Reply[] = [];
  const startedAt = performance.now();
  const call = async (): Promise<void> => {
    while (performance.now() - startedAt < seconds * 1000) replies.push(await send(startedAt));
  };
  await Promise.all(Array.from({ length: connections }, call));
  return replies;
}

/** @returns every reply, including those after the phase, and the requests that could not be sent */
export async function openLoop(
  send: Send,
  rate: number,
  seconds: number,
): Promise<{ replies: Reply[]; unsent: number }> {
  const replies: Reply[] = [];
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  let due = 0;
  let unsent = 0;
  for (;;) {
    const elapsed = performance.now() - startedAt;
    if (elapsed >= seconds * 1000) break;
    for (; due < (elapsed / 1000) * rate; due++) {
      if (open.size >= maxOpen) {
        unsent++;
        continue;
      }
      const one = send(startedAt).then((reply) => {
        replies.push(reply);
        open.delete(one);
      });
      open.add(one);
    }
    await delay(2);
  }
  await Promise.all(open);
  return { replies, unsent };
}
