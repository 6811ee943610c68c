import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { median } from './timing.ts';

export interface GenerateLoad {
  readonly streams: number;
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly firstTokenMilliseconds: number;
  readonly betweenTokensMilliseconds: number;
  readonly failed: number;
}

/**
 * Streams side by side, each of at most `tokens` tokens; the clock runs from the first request to the last
 * event.
 */
export async function generateLoad(url: string, streams: number, tokens: number): Promise<GenerateLoad> {
  const start = performance.now();
  const read = await Promise.all(Array.from({ length: streams }, (_, seed) => readStream(url, seed, tokens)));
  const seconds = (performance.now() - start) / 1000;
  const good = read.filter((stream) => stream.done && stream.tokens > 1);
  const total = good.reduce((sum, stream) => sum + stream.tokens, 0);
  return {
    streams,
    tokens,
    tokensPerSecond: total / seconds,
    firstTokenMilliseconds: median(good.map((stream) => stream.first)),
    betweenTokensMilliseconds: median(
      good.map((stream) => (stream.last - stream.first) / (stream.tokens - 1)),
    ),
    failed: read.length - good.length,
  };
}

/** Counts events without parsing them: the client must not be what is measured. */
async function readStream(url: string, seed: number, tokens: number) {
  const start = performance.now();
  const body = JSON.stringify({ prompt: 'The ', max_tokens: tokens, seed, stream: true });
  const call = request(`${url}/v1/models/moby/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  call.end(body);
  const [reply] = (await once(call, 'response')) as [IncomingMessage];
  const stream = { tokens: 0, first: NaN, last: NaN, done: false };
  let rest = '';
  for await (const text of reply.setEncoding('utf8') as AsyncIterable<string>) {
    const events = (rest + text).split('\n\n');
    rest = events.pop() ?? '';
    const now = performance.now() - start;
    for (const event of events) {
      if (event.includes('event: done')) stream.done = true;
      if (!event.includes('event: token')) continue;
      if (stream.tokens++ === 0) stream.first = now;
      stream.last = now;
    }
  }
  return stream;
}
