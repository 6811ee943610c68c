import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, knownKeys } from '../key-ring.ts';
import { serveApp, type ServedApp } from '../served-app.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly reqId: string;
  readonly [field: string]: unknown;
}
let lines: Line[] = [];
const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line) as Line) });

let served: ServedApp;
beforeAll(async () => {
  const authentication = knownKeys({ alice: { scopes: ['admin'] } });
  served = await serveApp({ authentication }, {}, logger);
});
afterAll(() => served.close());
beforeEach(() => (lines = []));

type Options = InjectOptions;
/** Sends a request. @returns its only line */
async function request(options: Options): Promise<Line> {
  await served.app.inject({ ...options, headers: { ...bearer('alice'), ...options.headers } });
  const logged = lines.filter(({ msg }) => msg === 'request');
  expect(logged).toHaveLength(1);
  return logged[0]!;
}
const classify: Options = {
  method: 'POST',
  url: '/v1/models/classifier/classify',
  payload: { input: ['abc', 'd'] },
};

describe('the log', () => {
  it('has one line for a task: what was asked, and what it took', async () => {
    const line = await request(classify);
    expect(line).toMatchObject({
      level: 30,
      method: 'POST',
      url: '/v1/models/classifier/classify',
      status: 200,
      model: 'classifier',
      version: 1,
      task: 'classify',
      steps: 4,
      key: 'alice',
      ip: '127.0.0.1',
    });
    for (const field of ['queued_ms', 'run_ms', 'ms', 'bytes_in', 'bytes_out'])
      expect(line[field]).toBeTypeOf('number');
    expect(line).not.toHaveProperty('code');
  });

  it('has one line for a stream, at its end', async () => {
    const payload = { max_tokens: 5, stream: true };
    const line = await request({ method: 'POST', url: '/v1/models/writer/generate', payload });
    expect(line).toMatchObject({ status: 200, model: 'writer', task: 'generate', steps: 5 });
  });

  it('has one line for tensors', async () => {
    const payload = { inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] }] };
    const line = await request({ method: 'POST', url: '/v2/models/classifier/versions/1/infer', payload });
    expect(line).toMatchObject({ status: 200, model: 'classifier', version: 1, task: 'infer', steps: 3 });
  });

  it.each([
    [{ ...classify, payload: {} }, 400, 'invalid_request'],
    [{ ...classify, headers: { authorization: 'Bearer nobody' } }, 401, 'unauthorized'],
    [{ method: 'POST', url: '/v1/models/writer/tag', payload: { input: 'a' } }, 409, 'wrong_task'],
    [{ method: 'GET', url: '/nothing' }, 404, 'not_found'],
    [{ method: 'GET', url: `/v1/models/${'a'.repeat(300)}` }, 414, 'path_too_long'],
    [{ method: 'GET', url: '/%zz' }, 404, 'not_found'],
  ] as [Options, number, string][])(
    'has the status and the code of a refusal',
    async (options, status, code) => {
      expect(await request(options)).toMatchObject({ level: 30, status, code });
    },
  );

  it('has probes and scrapes at debug', async () => {
    for (const url of ['/v2/health/live', '/v2/health/ready', '/v2/models/writer/ready', '/metrics']) {
      lines = [];
      expect(await request({ method: 'GET', url })).toMatchObject({ level: 20, url });
    }
  });

  it('has no secret of a header, of a query, or of a body', async () => {
    await request({ ...classify, headers: { 'x-api-key': 'hidden-1', cookie: 'hidden-2' }, payload: { input: 'hidden-3' } }); // prettier-ignore
    lines = [];
    const line = await request({
      method: 'GET',
      url: '/v1/training/jobs?limit=5&api_key=hidden-4&hidden%2D5=hidden-6',
    });
    expect(line['url']).toBe('/v1/training/jobs?limit=5&api_key=…&hidden%2D5=…');
    await served.app.inject({ method: 'GET', url: '/v1/models', headers: bearer('hidden-7') });
    expect(JSON.stringify(lines)).not.toMatch(/hidden-\d/);
  });

  it('has a bounded URL', async () => {
    const line = await request({ method: 'GET', url: `/nothing/${'a'.repeat(5000)}?b=${'c'.repeat(5000)}` });
    expect(String(line['url']).length).toBeLessThanOrEqual(500);
  });
});

describe('the id of a request', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

  it('is a UUID, that of the caller, or that of their trace', async () => {
    expect((await request(classify)).reqId).toMatch(uuid);
    lines = [];
    const given = await request({
      ...classify,
      headers: { 'x-request-id': 'order/7:a+b=c@d~e', traceparent },
    });
    expect(given).toMatchObject({ reqId: 'order/7:a+b=c@d~e', trace_id: trace });
    lines = [];
    expect(await request({ ...classify, headers: { traceparent } })).toMatchObject({
      reqId: trace,
      trace_id: trace,
    });
  });

  it.each(['a b', 'a\tb', '"', '\u001b[31m', 'ä', '', 'a'.repeat(129), '{"level":60}'])(
    'is not %j, which could be mistaken for another field or line',
    async (id) => {
      const line = await request({ ...classify, headers: { 'x-request-id': id } });
      expect(line.reqId).toMatch(uuid);
    },
  );

  it.each([
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
    'x',
  ])('is not that of the invalid trace %s', async (invalid) => {
    const line = await request({ ...classify, headers: { traceparent: invalid } });
    expect(line.reqId).toMatch(uuid);
    expect(line).not.toHaveProperty('trace_id');
  });
});
