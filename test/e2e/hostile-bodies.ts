// Bodies that are cheap to send and expensive to parse, to read, to run or to answer, for every POST route.

export interface HostileBody {
  readonly path: string;
  readonly body: () => string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are right. */
  readonly statuses: readonly number[];
  /** What the problem must say. */
  readonly says?: RegExp;
}

/** A little less than UNROLL_MAX_BODY_BYTES. */
const most = 4 * 1_048_576 - 500;
const fill = (text: string, bytes: number): string =>
  text.repeat(Math.floor(bytes / Buffer.byteLength(text)));
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const json =
  (body: object): (() => string) =>
  () =>
    JSON.stringify(body);

const classify = '/v1/models/language/classify';
const tag = '/v1/models/brown-tagger/tag';
const embed = '/v1/models/language/embed';
const generate = '/v1/models/moby/generate';
const decode = '/v1/models/pronounce/decode';
const predict = '/v1/models/births/predict';
const jobs = '/v1/training/jobs';
const comparisons = '/v1/training/comparisons';
const infer = (model: string): string => `/v2/models/${model}/infer`;

const layers = [
  { type: 'embedding', units: 8 },
  { type: 'recurrent', cell: 'gru', units: 8 },
  { type: 'dense' },
];
const records = times(4, (i) => ({ text: i % 2 ? 'good day' : 'bad day', label: i % 2 ? 'a' : 'b' }));
const spec = { task: 'classify', network: { layers }, data: { records }, budget: { steps: 1 } };
const sixteen = times(16, (i) => i + 1);
const grid = Object.fromEntries(
  [
    'batch_size',
    'max_steps',
    'evaluate_every',
    'checkpoint_every',
    'early_stopping.patience',
    'clip.norm',
  ].map((name) => [`hyperparameters.${name}`, sixteen]),
);
const day = [9083, 0, 0, 0, 0, 0, 1, 0, 0, 1];
const timeout = { timeout_ms: 2000 };
const keys = (count: number): string => times(count, (i) => `"k${i}":1`).join(',');

/** A body of the binary tensor extension. */
function binary(name: string, datatype: string, shape: number[], bytes: Buffer): Buffer {
  const input = { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  return Buffer.concat([Buffer.from(JSON.stringify({ inputs: [input], parameters: timeout })), bytes]);
}
const headersOf = (body: Buffer, bytes: number): Record<string, string> => ({
  'content-type': 'application/octet-stream',
  'inference-header-content-length': String(body.length - bytes),
});
const manyRows = binary('input', 'UINT8', [40_960, 10, 10], Buffer.alloc(4_096_000, 1));
const manyIds = binary('ids', 'UINT8', [250, 8192], Buffer.alloc(2_048_000, 1));

export const hostileBodies: Readonly<Record<string, HostileBody>> = {
  // parsing
  'lists 2,000,000 deep': {
    path: classify,
    body: () => `{"input":${'['.repeat(2e6)}${']'.repeat(2e6)}}`,
    statuses: [422],
    says: /64/,
  },
  '300,000 unknown keys': {
    path: classify,
    body: () => `{${keys(300_000)}}`,
    statuses: [422],
    says: /body: /,
  },
  '40,000 unknown keys': { path: classify, body: () => `{${keys(40_000)}}`, statuses: [400], says: /k0/ },
  '1,300,000 empty texts': {
    path: classify,
    body: () => `{"input":[${fill('"",', most)}""]}`,
    statuses: [422],
    says: /body: /,
  },
  '1,300,000 empty objects': {
    path: predict,
    body: () => `{"input":[${fill('{},', most)}{}]}`,
    statuses: [422],
    says: /body: /,
  },
  '2,000,000 numbers for texts': {
    path: generate,
    body: () => `{"prompt":[${fill('1,', most)}1]}`,
    statuses: [422],
    says: /body: /,
  },
  '900,000 numbers for texts': {
    path: generate,
    body: () => `{"prompt":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /prompt/,
  },
  '900,000 numbers for suppressed tokens': {
    path: decode,
    body: () => `{"input":"abc","suppress":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /suppress/,
  },
  '95,000 texts': {
    path: classify,
    body: () => `{"input":[${fill('"ab",', 475_000)}""]}`,
    statuses: [422],
    says: /input: at most 256/,
  },
  'a forbidden key at the end of many numbers': {
    path: predict,
    body: () => `{"input":[${fill('1,', 1_900_000)}1],"a\\"__proto__":1,"__proto__":{}}`,
    statuses: [400],
  },
  'deep lists in the data of a tensor': {
    path: infer('births'),
    body: () =>
      `{"inputs":[{"name":"input","datatype":"FP32","shape":[1,1,10],"data":${'['.repeat(1e6)}${']'.repeat(1e6)}}]}`,
    statuses: [422],
    says: /64/,
  },
  '300,000 keys of parameters': {
    path: infer('births'),
    body: () => `{"inputs":[],"parameters":{${keys(300_000)}}}`,
    statuses: [422],
  },
  '900,000 numbers for inputs': {
    path: infer('births'),
    body: () => `{"inputs":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /inputs/,
  },
  '300,000 keys to load a model': {
    path: '/v2/repository/models/nobody/load',
    body: () => `{${keys(300_000)}}`,
    statuses: [422],
  },
  '40,000 keys to list models': {
    path: '/v2/repository/index',
    body: () => `{${keys(40_000)}}`,
    statuses: [200, 400],
  },
  // reading
  '256 texts of 8,192 characters': {
    path: classify,
    body: json({ input: times(256, () => fill('abc ', 8192)), ...timeout }),
    statuses: [200, 504],
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
    statuses: [200, 504],
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
    statuses: [200, 504],
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
    headers: headersOf(manyRows, 4_096_000),
    statuses: [422],
    says: /256/,
  },
  '2,048,000 binary ids': {
    path: infer('language'),
    body: () => manyIds,
    headers: headersOf(manyIds, 2_048_000),
    statuses: [200, 504],
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
  // answering
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
    statuses: [200, 504],
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
    statuses: [200, 504],
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
  // training
  'a grid of 16⁶ settings': {
    path: comparisons,
    body: json({ model: 'c6', spec, grid }),
    statuses: [400, 422],
    says: /grid: at most 64 trials/,
  },
  'a grid of 30,000 paths': {
    path: comparisons,
    body: () => `{"model":"c9","spec":${JSON.stringify(spec)},"grid":{${keys(30_000)}}}`,
    statuses: [400],
    says: /grid/,
  },
  'a path of 4 MB': {
    path: comparisons,
    body: json({ model: 'cp', spec, grid: { [`hyperparameters${fill('.a', most - 2000)}`]: [1] } }),
    statuses: [400],
    says: /grid/,
  },
  'a comparison of 256 layers': {
    path: comparisons,
    body: json({
      model: 'c256',
      spec: {
        ...spec,
        network: { layers: [layers[0], ...times(254, () => ({ ...layers[1], layers: 16 })), layers[2]] },
      },
      grid: { 'hyperparameters.batch_size': [0] },
    }),
    statuses: [400, 422],
  },
  'a comparison of 64 trials with 9,000 records': {
    path: comparisons,
    body: json({
      model: 'c64',
      spec: {
        ...spec,
        data: { records: times(9000, (i) => ({ text: `good day ${i}`, label: i % 2 ? 'a' : 'b' })) },
      },
      cells: ['gru'],
      grid: { 'hyperparameters.batch_size': sixteen, 'hyperparameters.max_steps': [1, 2, 3, 0] },
    }),
    statuses: [400],
  },
  'a comparison of 64 trials with 9,000 records that can run': {
    path: comparisons,
    body: json({
      model: 'all64',
      spec: {
        ...spec,
        data: {
          records: times(9000, (i) => ({ text: `good day ${i}`, label: i % 2 ? 'a' : 'b' })),
        },
      },
      cells: ['gru'],
      grid: { 'hyperparameters.batch_size': sixteen, 'hyperparameters.max_steps': [1, 2, 3, 4] },
    }),
    statuses: [200],
  },
  '9,000 records': {
    path: jobs,
    body: json({
      model: 'ten',
      ...spec,
      data: { records: times(9000, (i) => ({ text: fill(`t${i} `, 100), label: `l${i % 3}` })) },
    }),
    statuses: [200],
  },
  '900,000 numbers for tokens': {
    path: jobs,
    body: () =>
      `{"model":"t","task":"classify","data":{"dataset":"x"},"inputs":{"kind":"text","tokens":[${fill('1,', 1_800_000)}1]}}`,
    statuses: [400],
    says: /tokens/,
  },
  '900,000 numbers for records': {
    path: jobs,
    body: () => `{"model":"t","task":"classify","data":{"records":[${fill('1,', 1_800_000)}1]}}`,
    statuses: [400],
    says: /data/,
  },
  'layers with 40,000 unknown keys': {
    path: jobs,
    body: () =>
      `{"model":"t","task":"classify","data":{"dataset":"x"},"network":{"layers":[{"type":"dense",${keys(40_000)}}]}}`,
    statuses: [400, 404],
  },
};
