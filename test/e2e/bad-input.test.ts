import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

const folder = modelFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServer(folder.path, {
    MAX_STEPS: 50,
    MAX_INPUTS: 4,
    MAX_BODY_BYTES: 20_000,
    MAX_TOKENS: 30,
  });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

interface Case {
  path: string;
  body: unknown;
  status: number;
  code: string;
  field?: string;
  detail?: RegExp;
}
const classify = '/v1/models/classifier/classify';
const predict = '/v1/models/numbers/predict';
const cases: Record<string, Case> = {
  'an unknown model': {
    path: '/v1/models/nobody/classify',
    body: { input: 'a' },
    status: 404,
    code: 'model_not_found',
    detail: /nobody/,
  },
  'an unknown version': {
    path: '/v1/models/classifier@9/classify',
    body: { input: 'a' },
    status: 404,
    code: 'model_not_found',
  },
  'a name with a path in it': {
    path: '/v1/models/..%2f..%2fetc%2fpasswd/classify',
    body: { input: 'a' },
    status: 400,
    code: 'invalid_model_name',
  },
  'a name with a NUL in it': {
    path: '/v1/models/a%00b/classify',
    body: { input: 'a' },
    status: 400,
    code: 'invalid_model_name',
  },
  'another task than the model’s': {
    path: '/v1/models/tagger/classify',
    body: { input: 'a' },
    status: 409,
    code: 'wrong_task',
    detail: /answers tag/,
  },
  'what is not JSON': { path: classify, body: '{"input": ', status: 400, code: 'malformed_json' },
  'an empty body': { path: classify, body: '', status: 400, code: 'malformed_json' },
  'a field of the wrong type': {
    path: classify,
    body: { input: 'a', top_k: 'three' },
    status: 400,
    code: 'invalid_request',
    field: 'top_k',
  },
  'an input of the wrong type': {
    path: classify,
    body: { input: { text: 'a' } },
    status: 400,
    code: 'invalid_request',
    field: 'input',
  },
  'a wrong value deep inside': { path: predict, body: { input: [[1, 2], [3, null]] }, status: 400, code: 'invalid_request', field: 'input[1][1]' }, // prettier-ignore
  'a missing field': { path: classify, body: {}, status: 400, code: 'invalid_request', field: 'input' },
  'a field that does not exist': {
    path: classify,
    body: { input: 'a', topk: 3 },
    status: 400,
    code: 'invalid_request',
    field: 'topk',
  },
  'an empty text': { path: classify, body: { input: '' }, status: 422, code: 'empty_input', field: 'input' },
  'an empty text in a list': {
    path: classify,
    body: { input: ['a', ''] },
    status: 422,
    code: 'empty_input',
    field: 'input[1]',
  },
  'an empty list': { path: classify, body: { input: [] }, status: 422, code: 'empty_input' },
  'an empty sequence of numbers': { path: predict, body: { input: [] }, status: 422, code: 'empty_input' },
  'a text that is too long': {
    path: classify,
    body: { input: 'a'.repeat(51) },
    status: 422,
    code: 'sequence_too_long',
    detail: /at most 50 steps/,
  },
  'numbers for too many steps': {
    path: predict,
    body: { input: Array.from({ length: 51 }, () => [0, 0]) },
    status: 422,
    code: 'sequence_too_long',
    detail: /at most 50 steps, was given 51/,
  },
  'too many inputs': {
    path: classify,
    body: { input: ['a', 'b', 'c', 'd', 'e'] },
    status: 422,
    code: 'too_many_inputs',
    detail: /at most 4 sequences, was given 5/,
  },
  'too many choices': {
    path: '/v1/models/writer/generate',
    body: { n: 5 },
    status: 422,
    code: 'too_many_inputs',
  },
  'an infinite number': {
    path: predict,
    body: '{"input": [[1, 2], [3, 1e999]]}',
    status: 422,
    code: 'not_finite',
    field: 'input[1][1]',
    detail: /Infinity/,
  },
  'a negative infinite number': {
    path: predict,
    body: '{"input": [-1e999, 0]}',
    status: 422,
    code: 'not_finite',
    field: 'input[0][0]',
  },
  'a number beyond float32': {
    path: predict,
    body: { input: [[1e300, 0]] },
    status: 422,
    code: 'not_finite',
    field: 'input[0][0]',
  },
  'NaN, which JSON cannot say': {
    path: predict,
    body: '{"input": [[NaN, 0]]}',
    status: 400,
    code: 'malformed_json',
  },
  'a step with the wrong number of features': { path: predict, body: { input: [[1, 2], [3]] }, status: 422, code: 'input_mismatch', detail: /has 2 features, was given 1/ }, // prettier-ignore
  'text for a numeric model': { path: predict, body: { input: 'a' }, status: 422, code: 'input_mismatch' },
  'numbers for a text model': {
    path: classify,
    body: { input: [1, 2] },
    status: 422,
    code: 'input_mismatch',
  },
  'a body over the limit': {
    path: classify,
    body: { input: 'a'.repeat(30_000) },
    status: 413,
    code: 'body_too_large',
    detail: /at most 20000 bytes/,
  },
  'more tokens than the limit': {
    path: '/v1/models/writer/generate',
    body: { max_tokens: 31 },
    status: 400,
    code: 'invalid_request',
    field: 'max_tokens',
    detail: /at most 30, was 31/,
  },
  'a longer deadline than the limit': {
    path: classify,
    body: { input: 'a', timeout_ms: 1e9 },
    status: 400,
    code: 'invalid_request',
    field: 'timeout_ms',
  },
  'a route that does not exist': {
    path: '/v1/models/classifier/dream',
    body: {},
    status: 404,
    code: 'not_found',
  },
};

describe('a server that is asked', () => {
  it.each(Object.entries(cases))('%s says so', async (_, { path, body, status, code, field, detail }) => {
    const reply = await server.post(path, body);
    const problem = (await reply.json()) as Record<string, string>;
    expect(problem).toMatchObject({ status, code, ...(field === undefined ? {} : { field }) });
    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(problem['detail']).toMatch(detail ?? /./);
  });

  it('with another content type says what it takes', async () => {
    const reply = await server.post(classify, 'input=a', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(reply.status).toBe(415);
    expect(await reply.json()).toMatchObject({
      code: 'unsupported_media_type',
      detail: 'the body must be application/json',
    });
  });

  it('with another method says which it takes', async () => {
    const reply = await server.get(classify);
    expect(reply.status).toBe(405);
    expect(reply.headers.get('allow')).toBe('POST');
    expect(await reply.json()).toMatchObject({ code: 'method_not_allowed' });
  });
});

describe('what is not HTTP', () => {
  const request = `POST ${classify} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
  it.each([
    ['no request at all', 'hello\r\n\r\n', 400, 'malformed_http'],
    ['a negative length', `${request}content-length: -1\r\n\r\n{}`, 400, 'malformed_http'],
    ['a chunk of no length', `${request}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400, 'malformed_http'],
    ['endless headers', `${request}x: ${'a'.repeat(40_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s is answered with a problem', async (_, text, status, code) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.write(text);
    await once(socket, 'close');
    const [head, body] = answer.split('\r\n\r\n') as [string, string];
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/^content-type: application\/problem\+json/im);
    expect(JSON.parse(body)).toMatchObject({ status, code });
  });
});
