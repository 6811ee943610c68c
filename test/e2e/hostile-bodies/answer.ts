import {
  classify,
  day,
  decode,
  embed,
  fill,
  generate,
  json,
  predict,
  tag,
  timeout,
  times,
  type HostileBody,
} from './hostile-body.ts';

// Bodies that are expensive to run, and whose replies are large.

export const bodiesToAnswer: Readonly<Record<string, HostileBody>> = {
  '256 generations of 4,096 tokens with 20 logprobs': {
    path: generate,
    body: json({ prompt: 'a', n: 256, max_tokens: 4096, logprobs: 20 }),
    statuses: [422],
    says: /logprobs|max_tokens|UNROLL_MAX_REPLY_BYTES/,
  },
  'as many logprobs as a reply takes': {
    path: generate,
    body: json({ prompt: 'a', n: 3, max_tokens: 4000, logprobs: 20, temperature: 5 }),
    statuses: [200],
  },
  'as much text as a reply takes': {
    path: generate,
    body: json({ prompt: 'a', n: 256, max_tokens: 4000, ...timeout }),
    statuses: [200, 503, 504],
  },
  '100 series of 1,500 days': {
    path: predict,
    body: json({ input: times(100, () => times(1500, () => day)) }),
    statuses: [422],
  },
  'as many predictions as a reply takes': {
    path: predict,
    body: json({ input: times(20, () => times(2000, () => day)) }),
    statuses: [200],
  },
  'as many tagged words as a reply takes': {
    path: tag,
    body: json({ input: times(16, () => fill('the dog ', 8000 * 4)) }),
    statuses: [200],
  },
  '256 texts of 8,192 words': {
    path: tag,
    body: json({ input: times(256, () => fill('a ', 16_000)) }),
    statuses: [422],
  },
  '256 texts of 8,192 characters to embed': {
    path: embed,
    body: json({ input: times(256, () => fill('abc ', 8192)), ...timeout }),
    statuses: [200, 503, 504],
  },
  'attention of long sources': {
    path: decode,
    body: json({
      input: fill('abcdefgh', 2000),
      beam_size: 16,
      num_hypotheses: 16,
      max_length: 1500,
      min_length: 1400,
      return_attention: true,
    }),
    statuses: [422],
  },
  'beams kept for coverage': {
    path: decode,
    body: json({ input: fill('abcdefgh', 8000), beam_size: 32, max_length: 4096, coverage_penalty: 1 }),
    statuses: [422],
  },
  'a stream of all labels at every step': {
    path: classify,
    body: json({ input: fill('abc ', 4000), top_k: 10_000, stream: true }),
    statuses: [200],
  },
  'a streamed series': {
    path: predict,
    body: json({ input: times(4000, () => day), stream: true }),
    statuses: [200],
  },
};
