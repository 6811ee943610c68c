import type { Random } from '../random.ts';

/** Valid bodies by path. Most requests are these with a few changes. */
export const validBodies: Readonly<Record<string, object>> = {
  '/v1/models/{model}/classify': { input: 'hallo welt' },
  '/v1/models/{model}/tag': { input: 'Time flies' },
  '/v1/models/{model}/decode': { input: 'recurrent', beam_size: 3 },
  '/v1/models/{model}/generate': { prompt: 'The ', max_tokens: 20, seed: 1 },
  '/v1/models/{model}/predict': { input: [[9083, 0, 0, 0, 0, 0, 1, 0, 0, 1]] },
  '/v1/models/{model}/embed': { input: 'a' },
  '/v2/models/{model}/infer': {
    parameters: { timeout: 1_000_000, priority: 1, content_type: 'str', max_tokens: 20 },
    inputs: [{ name: 'input', datatype: 'BYTES', shape: [1, 1], data: ['a'], parameters: null }],
    outputs: [{ name: 'scores', parameters: { classification: 2, binary_data: false } }],
  },
  '/v1/sessions': { model: 'language', keep_steps: 5, ttl_s: 60 },
  '/v1/sessions/{session}/steps': { input: 'hallo', return: 'each', top_k: 2 },
  '/v1/sessions/{session}/fork': { count: 2 },
  '/v1/sessions/{session}/marks': { name: 'here' },
  '/v1/sessions/{session}/rewind': { steps: 1 },
  '/v1/training/jobs': {
    model: 'm1',
    task: 'classify',
    network: {
      layers: [
        { type: 'embedding', units: 4 },
        { type: 'recurrent', cell: 'gru', units: 4 },
        { type: 'dense' },
      ],
    },
    data: {
      records: [
        { text: 'a b', label: 'x' },
        { text: 'c d', label: 'y' },
      ],
    },
    validation: { share: 0 },
    budget: { steps: 2 },
  },
};

/** Bodies that are not JSON, or unusual JSON. */
export const malformedBodies: readonly (string | Buffer)[] = [
  '',
  '{',
  '[',
  'null',
  '"',
  '\ufeff{}',
  '{"a":1,"a":2}',
  '1e999',
  'undefined',
  '{"input":"\\ud800"}',
  Buffer.from([0xff, 0xfe, 0x00, 0x7b]),
  Buffer.from('{"input":"caf\u00e9"}', 'latin1'),
];

const uploads: readonly (string | Buffer)[] = [
  'a\nb\n',
  '{"text":"a","label":"b"}\n',
  'a,b\n1,2\n',
  'a,b\n"1,2\n',
  '{"text":\n',
  '\ufeffx',
  Buffer.from([0xff, 0x0a]),
  'x'.repeat(300_000),
  '--b\r\ncontent-disposition: form-data; name="f"; filename="../../x.jsonl"\r\n\r\n{"text":"a"}\n\r\n--b--\r\n',
  '--b\r\ncontent-disposition: form-data; name="f"\r\n\r\nx\r\n--b--\r\n',
  '--b\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--b\r\ncontent-disposition: form-data; name="g"; filename="b"\r\n\r\ny\r\n--b--\r\n',
  '--b--',
  '',
];
const uploadTypes = [
  'text/plain',
  'text/csv',
  'application/jsonl',
  'application/json',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'text/plain; charset=utf-16',
];
export const otherTypes = [
  'text/plain',
  'application/octet-stream',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  '',
  'a/b',
  'application/problem+json',
  'multipart/form-data; boundary=x',
  'APPLICATION/JSON',
  ';',
];

export const upload = (random: Random): { type: string; body: string | Buffer } => ({
  type: random.pick(uploadTypes),
  body: random.pick(uploads),
});
