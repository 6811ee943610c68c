import { median } from './timing.ts';

export interface GenerateLoad {
  readonly streams: number;
  readonly tokens: number;
  readonly tokensASecond: number;
  readonly firstTokenMilliseconds: number;
  readonly betweenTokensMilliseconds: number;
  readonly failed: number;
}

/** Streams side by side, each `tokens` long; the clock runs from the first request to the last event. */
export async function generateLoad(url: string, streams: number, tokens: number): Promise<GenerateLoad> {
  const start = performance.now();
  const read = await Promise.all(Array.from({ length: streams }, (_, seed) => readStream(url, seed, tokens)));
  const seconds = (performance.now() - start) / 1000;
  const good = read.filter((stream) => stream.tokens === tokens);
  const total = good.reduce((sum, stream) => sum + stream.tokens, 0);
  return {
    streams,
    tokens,
    tokensASecond: total / seconds,
    firstTokenMilliseconds: median(good.map((stream) => stream.first)),
    betweenTokensMilliseconds: median(good.map((stream) => (stream.last - stream.first) / (tokens - 1))),
    failed: read.length - good.length,
  };
}

async function readStream(url: string, seed: number, tokens: number) {
  const start = performance.now();
  const reply = await fetch(`${url}/v1/models/moby/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'The ', max_tokens: tokens, seed, stream: true }),
  });
  let first = NaN;
  let last = NaN;
  let seen = 0;
  let rest = '';
  for await (const text of (reply.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split('\n\n');
    rest = events.pop() ?? '';
    const count = events.filter((event) => /^event: token$/m.test(event)).length;
    if (count === 0) continue;
    last = performance.now() - start;
    if (seen === 0) first = last;
    seen += count;
  }
  return { tokens: seen, first, last };
}
