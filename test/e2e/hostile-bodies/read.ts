import {
  classify,
  decode,
  fill,
  generate,
  infer,
  json,
  most,
  tag,
  timeout,
  times,
  type HostileBody,
} from './hostile-body.ts';

// Bodies that are expensive to turn into sequences.

/** A body of the binary tensor extension. */
function binary(name: string, datatype: string, shape: number[], bytes: Buffer): Buffer {
  const input = { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  return Buffer.concat([Buffer.from(JSON.stringify({ inputs: [input], parameters: timeout })), bytes]);
}
const createHeaders = (body: Buffer, bytes: number): Record<string, string> => ({
  'content-type': 'application/octet-stream',
  'inference-header-content-length': String(body.length - bytes),
});
const manyRows = binary('input', 'UINT8', [40_960, 10, 10], Buffer.alloc(4_096_000, 1));
const manyIds = binary('ids', 'UINT8', [250, 8192], Buffer.alloc(2_048_000, 1));

export const bodiesToRead: Readonly<Record<string, HostileBody>> = {
  '256 texts of 8,192 characters': {
    path: classify,
    body: json({ input: times(256, () => fill('abc ', 8192)), ...timeout }),
    statuses: [200, 503, 504],
  },
  'a text of 4 MB': {
    path: classify,
    body: json({ input: fill('abc ', most) }),
    statuses: [422],
    says: /input/,
  },
  'a text of combining marks': {
    path: classify,
    body: json({ input: `a${fill('\u0301', most)}` }),
    statuses: [422],
    says: /input/,
  },
  'a text of conjoining letters': {
    path: classify,
    body: json({ input: fill('\u1100', most) }),
    statuses: [422],
    says: /input/,
  },
  'a word of combining marks': {
    path: tag,
    body: json({ input: `a${fill('\u0301', most)}` }),
    statuses: [422],
    says: /input/,
  },
  'a split word of unordered marks': {
    path: tag,
    body: json({ input: [[`a${fill('\u0301\u0327', 400_000)}`]] }),
    statuses: [200, 422],
  },
  'a word of apostrophes': {
    path: tag,
    body: json({ input: fill("a'", most) }),
    statuses: [422],
    says: /input/,
  },
  'a text of unknown characters': {
    path: generate,
    body: json({ prompt: fill('\u4e00', 700_000), max_tokens: 1 }),
    statuses: [200],
  },
  '256 prompts of 8,000 characters': {
    path: generate,
    body: json({ prompt: times(256, () => fill('abc ', 8000)), max_tokens: 1, ...timeout }),
    statuses: [200, 503, 504],
  },
  'a prefix of 4,096 tokens for 128 sources': {
    path: decode,
    body: json({
      input: times(128, () => 'abc'),
      prefix: times(4096, () => 'AH'),
      suppress: times(1024, () => 'K'),
      max_length: 4096,
      beam_size: 1,
      ...timeout,
    }),
    statuses: [200, 503, 504],
  },
  'a prefix of 4 MB': {
    path: decode,
    body: json({ input: 'abc', prefix: fill('AH ', most) }),
    statuses: [400],
    says: /prefix/,
  },
  'a batch of 16,777,216 without steps': {
    path: infer('births'),
    body: json({ inputs: [{ name: 'input', datatype: 'FP32', shape: [16_777_216, 0, 10], data: [] }] }),
    statuses: [400],
  },
  '40,960 binary sequences': {
    path: infer('births'),
    body: () => manyRows,
    headers: createHeaders(manyRows, 4_096_000),
    statuses: [422],
    says: /256/,
  },
  '2,048,000 binary ids': {
    path: infer('language'),
    body: () => manyIds,
    headers: createHeaders(manyIds, 2_048_000),
    statuses: [200, 503, 504],
  },
  'a name of 4 MB': {
    path: infer('births'),
    body: json({ inputs: [{ name: fill('x', most - 1000), datatype: 'FP32', shape: [1], data: [1] }] }),
    statuses: [400],
  },
  'a size that is a list': {
    path: infer('births'),
    body: () =>
      `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":[${fill('1,', 1_800_000)}1]}}]}`,
    statuses: [400],
  },
};
