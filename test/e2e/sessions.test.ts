import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// Sessions over HTTP, with a real server: what is cut into calls is what it is in one piece.

let folder: ModelFolder;
let server: ServerProcess;
beforeAll(async () => {
  folder = modelFolder(['classifier', 'tagger', 'writer', 'numbers', 'total']);
  server = await startServer(folder.path);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

// oxlint-disable-next-line typescript/no-explicit-any -- replies of many shapes
type Json = any;
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body !== undefined && {
      headers: {
        'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json',
      },
      body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
    }),
  });
  return { status: response.status, body: await response.json() };
}
async function post(path: string, body: unknown): Promise<Json> {
  const reply = await call('POST', path, body);
  expect(reply.body, JSON.stringify(reply.body)).not.toHaveProperty('code');
  return reply.body;
}
const begin = async (model: string, more: object = {}): Promise<string> =>
  ((await post('/v1/sessions', { model, ...more })) as { id: string }).id;
const step = (id: string, body: object): Promise<Json> => post(`/v1/sessions/${id}/steps`, body);
const rows = (count: number): number[][] =>
  Array.from({ length: count }, (_, t) => [Math.sin(t), Math.cos(3 * t)]);

test('numbers fed in parts are answered as in one piece', async () => {
  const id = await begin('numbers');
  expect(id).toMatch(/^ses_[\w-]{22}$/);
  const input = rows(17);
  const whole = await post('/v1/models/numbers/predict', { input });
  const parts: number[][] = [];
  for (const [from, to] of [
    [0, 1],
    [1, 4],
    [4, 17],
  ] as const)
    parts.push(...(await step(id, { input: input.slice(from, to) })).predictions[0].output);
  expect(parts).toEqual(whole.predictions[0].output);
  const { body } = await call('GET', `/v1/sessions/${id}`);
  expect(body).toMatchObject({
    id,
    model: 'numbers',
    version: 1,
    position: 17,
    state_bytes: 28,
    owner: null,
  });
});

test('a classification is the label so far, of the last step or of each', async () => {
  const id = await begin('classifier');
  const whole = async (input: string): Promise<Json> =>
    (await post('/v1/models/classifier/classify', { input })).predictions[0];
  expect((await step(id, { input: 'a' })).predictions[0]).toEqual(await whole('a'));
  const each = await step(id, { input: 'bc', return: 'each' });
  expect(each.predictions).toEqual([await whole('ab'), await whole('abc')]);
  expect(each.session).toEqual({ id, position: 3 });
});

test('a sequence-to-one prediction is that of the sequence so far', async () => {
  const id = await begin('total');
  await step(id, { input: [1, 2] });
  const { predictions } = await step(id, { input: [3, 4], return: 'each' });
  const whole = async (input: number[]): Promise<Json> =>
    (await post('/v1/models/total/predict', { input })).predictions[0].output;
  expect(predictions[0].output).toEqual([await whole([1, 2, 3]), await whole([1, 2, 3, 4])]);
});

test('a text is read and written in turns, as in one piece', async () => {
  const whole = await post('/v1/models/writer/generate', { prompt: 'ab', max_tokens: 12, temperature: 0 });
  const id = await begin('writer');
  expect((await step(id, { input: 'a' })).session.position).toBe(1);
  const first = await step(id, { input: 'b', generate: { max_tokens: 5, temperature: 0 } });
  expect(first.session.position).toBe(7);
  const second = await step(id, { generate: { max_tokens: 7, temperature: 0 } });
  expect(first.generations[0].text + second.generations[0].text).toBe(whole.generations[0].text);
  expect(second.session.position).toBe(14);
});

test('hidden rows of a text leave its last token pending', async () => {
  const [a, b] = [await begin('writer'), await begin('writer')];
  const each = await step(a, { input: 'abc', embed: true, return: 'each' });
  expect(each.embeddings).toHaveLength(4);
  await step(b, { input: 'abc' });
  const generate = { max_tokens: 9, temperature: 0 };
  expect((await step(a, { generate })).generations).toEqual((await step(b, { generate })).generations);
});

test('streams the steps, with the session at the end', async () => {
  const id = await begin('writer');
  const response = await fetch(`${server.url}/v1/sessions/${id}/steps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: 'ab', stream: true, generate: { max_tokens: 3, temperature: 0 } }),
  });
  const text = await response.text();
  expect(text.match(/event: token/g)).toHaveLength(3);
  expect(text).toContain(`"session":{"id":"${id}","position":5}`);
});

test('forks go on by themselves', async () => {
  const id = await begin('numbers');
  await step(id, { input: rows(5) });
  const { data } = await post(`/v1/sessions/${id}/fork`, { count: 3 });
  expect(new Set(data.map((fork: Json) => fork.id)).size).toBe(3);
  const [one, two] = await Promise.all([[[9, 9]], [[-9, -9]]].map((input, i) => step(data[i].id, { input })));
  expect(one.predictions).not.toEqual(two.predictions);
  const straight = await post('/v1/models/numbers/predict', { input: [...rows(5), [9, 9]] });
  expect(one.predictions[0].output).toEqual(straight.predictions[0].output.slice(5));
  expect((await step(id, { input: [[-9, -9]] })).predictions).toEqual(two.predictions);
});

test('goes back to marks, and by the last steps, exactly', async () => {
  const id = await begin('numbers', { keep_steps: 20 });
  const input = rows(40);
  await step(id, { input: input.slice(0, 10) });
  await post(`/v1/sessions/${id}/marks`, { name: 'ten' });
  for (const row of input.slice(10, 30)) await step(id, { input: [row] });
  const whole = (await post('/v1/models/numbers/predict', { input })).predictions[0].output;
  for (const back of [3, 10, 0]) {
    const { position } = await post(`/v1/sessions/${id}/rewind`, { steps: back });
    const { predictions } = await step(id, {
      input: input.slice(position, 30).concat(position === 30 ? [input[30]!] : []),
    });
    expect(predictions[0].output).toEqual(whole.slice(position, position === 30 ? 31 : 30));
  }
  expect((await post(`/v1/sessions/${id}/rewind`, { mark: 'ten' })).position).toBe(10);
  expect((await step(id, { input: input.slice(10) })).predictions[0].output).toEqual(whole.slice(10));
});

test('a text goes back by tokens, written ones too', async () => {
  const id = await begin('writer', { keep_steps: 50 });
  const generate = { max_tokens: 10, temperature: 0 };
  const first = await step(id, { input: 'abc', generate });
  expect((await post(`/v1/sessions/${id}/rewind`, { steps: 4 })).position).toBe(9);
  const again = await step(id, { generate: { ...generate, max_tokens: 4 } });
  expect(first.generations[0].text.endsWith(again.generations[0].text)).toBe(true);
  expect((await post(`/v1/sessions/${id}/rewind`, { position: 3 })).position).toBe(3);
  expect((await step(id, { generate })).generations).toEqual(first.generations);
});

test('a snapshot is restored on another server, bit for bit', async () => {
  const id = await begin('numbers');
  await step(id, { input: rows(7) });
  const snapshot = new Uint8Array(
    await (await fetch(`${server.url}/v1/sessions/${id}/snapshot`)).arrayBuffer(),
  );
  const other = await startServer(folder.path);
  try {
    const restored = await fetch(`${other.url}/v1/sessions/moved/snapshot`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(snapshot),
    });
    expect(await restored.json()).toMatchObject({ id: 'moved', position: 7, model: 'numbers' });
    const there = await fetch(`${other.url}/v1/sessions/moved/steps`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: rows(9).slice(7) }),
    });
    const here = await step(id, { input: rows(9).slice(7) });
    expect(((await there.json()) as Json).predictions).toEqual(here.predictions);
  } finally {
    await other.stop();
  }
  const life = { ttl_s: 77, durable: true, keep_steps: 5 };
  const copy = await begin('numbers', { snapshot: Buffer.from(snapshot).toString('base64'), ...life });
  expect((await call('GET', `/v1/sessions/${copy}`)).body).toMatchObject({ position: 7, ...life });
});

test('calls of one session keep their order', async () => {
  const id = await begin('numbers');
  const input = rows(30);
  const replies = await Promise.all(input.map((row) => step(id, { input: [row] })));
  const whole = await post('/v1/models/numbers/predict', { input });
  const positions = replies.map(({ session }) => session.position).toSorted((a, b) => a - b);
  expect(positions).toEqual(input.map((_, t) => t + 1));
  // one connection each: the server decides their order, and answers as in that order
  const first = replies.find(({ session }) => session.position === 1);
  expect(whole.predictions[0].output).toHaveLength(30);
  expect(first.predictions[0].output).toHaveLength(1);
});

test('lists sessions, newest first, by pages', async () => {
  const ids = [];
  for (let i = 0; i < 5; i++) ids.unshift(await begin('total', { id: `listed-${i}` }));
  const page = async (query: string): Promise<Json> =>
    (await call('GET', `/v1/sessions?model=total&${query}`)).body;
  const first = await page('limit=2');
  expect(first.data.map(({ id }: Json) => id)).toEqual(ids.slice(0, 2));
  expect(first.has_more).toBe(true);
  const next = await page('limit=3&after=listed-3');
  expect(next.data.map(({ id }: Json) => id)).toEqual(ids.slice(2));
});

test('a deleted session is gone, and its id is free', async () => {
  const id = await begin('total', { id: 'once' });
  expect((await call('DELETE', `/v1/sessions/${id}`)).body).toEqual({ id, object: 'session', deleted: true });
  expect((await call('GET', `/v1/sessions/${id}`)).status).toBe(404);
  expect(await begin('total', { id: 'once' })).toBe('once');
});

test.for([
  [
    'a model that reads whole sequences',
    'POST',
    '',
    { model: 'tagger' },
    409,
    'session_unsupported',
    'reads the whole sequence',
  ],
  ['an unknown model', 'POST', '', { model: 'nobody' }, 404, 'model_not_found', 'nobody'],
  [
    'an id that is taken',
    'POST',
    '',
    { model: 'numbers', id: 'mine' },
    409,
    'session_exists',
    'there is a session mine',
  ],
  ['a bad id', 'POST', '', { model: 'numbers', id: 'a/b' }, 400, 'invalid_request', 'id'],
  [
    'an unknown session',
    'POST',
    '/nobody/steps',
    { input: [[1, 2]] },
    404,
    'session_not_found',
    'there is no session nobody',
  ],
  [
    'a wrong number of features',
    'POST',
    '/mine/steps',
    { input: [[1, 2, 3]] },
    422,
    'input_mismatch',
    'input[0]: a step has 2 features, was given 3',
  ],
  [
    'two sequences',
    'POST',
    '/mine/steps',
    { input: [[[1, 2]], [[1, 2]]] },
    400,
    'invalid_request',
    'a state belongs to a single sequence, the request has 2',
  ],
  ['no input', 'POST', '/mine/steps', {}, 400, 'invalid_request', 'input: required'],
  [
    'a generation of numbers',
    'POST',
    '/mine/steps',
    { input: [[1, 2]], generate: {} },
    409,
    'wrong_task',
    'generate: numbers answers predict',
  ],
  [
    '10,001 forks',
    'POST',
    '/mine/fork',
    { count: 10_001 },
    422,
    'too_many_sessions',
    'count: at most 10000, was 10001',
  ],
  [
    'an unknown mark',
    'POST',
    '/mine/rewind',
    { mark: 'x' },
    404,
    'mark_not_found',
    'has no mark x: it has none',
  ],
  [
    'a way back without steps',
    'POST',
    '/mine/rewind',
    { steps: 1 },
    400,
    'invalid_request',
    'keeps no steps',
  ],
  [
    'two ways back',
    'POST',
    '/mine/rewind',
    { steps: 1, mark: 'x' },
    400,
    'invalid_request',
    'one of mark, position and steps',
  ],
  [
    'a snapshot that is none',
    'PUT',
    '/mine/snapshot',
    new Uint8Array(100),
    422,
    'invalid_state',
    'snapshot: ',
  ],
] as const)('refuses %s', async ([, method, path, body, status, code, detail]) => {
  if (path.startsWith('/mine') || (body as Json).id === 'mine')
    await call('POST', '/v1/sessions', { model: 'numbers', id: 'mine' });
  const reply = await call(method, `/v1/sessions${path}`, body);
  expect(reply).toMatchObject({ status, body: { code } });
  expect(JSON.stringify(reply.body)).toContain(detail);
});

test('an expired session is told from one that never was', async () => {
  const id = await begin('numbers', { ttl_s: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1300));
  expect(await call('GET', `/v1/sessions/${id}`)).toMatchObject({
    status: 410,
    body: { code: 'session_expired' },
  });
});

test('a snapshot brings back a session that has expired, and an id is free again', async () => {
  const id = await begin('numbers', { ttl_s: 1, id: 'expires' });
  await step(id, { input: rows(4) });
  const snapshot = await (await fetch(`${server.url}/v1/sessions/${id}/snapshot`)).arrayBuffer();
  await until(async () => (await call('GET', `/v1/sessions/${id}`)).status === 410);
  const restored = await call('PUT', `/v1/sessions/${id}/snapshot`, new Uint8Array(snapshot));
  expect(restored).toMatchObject({ status: 200, body: { id, position: 4 } });
});

test('a call that fails changes nothing', async () => {
  const id = await begin('numbers');
  await step(id, { input: rows(3) });
  await call('POST', `/v1/sessions/${id}/steps`, { input: [...rows(3), [1]] });
  await call('POST', `/v1/sessions/${id}/steps`, { input: rows(3), timeout_ms: 999_999_999 });
  expect((await call('GET', `/v1/sessions/${id}`)).body.position).toBe(3);
});

test('a state returned by a task goes on with the next request, on another server too', async () => {
  const input = rows(9);
  const whole = await post('/v1/models/numbers/predict', { input });
  const first = await post('/v1/models/numbers/predict', { input: input.slice(0, 4), return_state: true });
  const second = await post('/v1/models/numbers/predict', { input: input.slice(4), state: first.state });
  expect([...first.predictions[0].output, ...second.predictions[0].output]).toEqual(
    whole.predictions[0].output,
  );
  expect(second).not.toHaveProperty('state');
});

test('a text goes on from a returned state, streamed or not', async () => {
  const generate = { max_tokens: 5, temperature: 0 };
  const whole = await post('/v1/models/writer/generate', { prompt: 'ab', ...generate, max_tokens: 10 });
  const first = await post('/v1/models/writer/generate', { prompt: 'ab', ...generate, return_state: true });
  const response = await fetch(`${server.url}/v1/models/writer/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...generate, state: first.state, return_state: true, stream: true }),
  });
  const done = JSON.parse(/event: done\ndata: (.*)/.exec(await response.text())![1]!);
  expect(first.generations[0].text + done.generations[0].text).toBe(whole.generations[0].text);
  expect(done.state).toMatch(/^[\w-]+$/);
});

test.for([
  ['forged', (token: string) => `${token.slice(0, -5)}AAAAA`, 'numbers', 422, 'invalid_state'],
  ['cut', (token: string) => token.slice(0, 40), 'numbers', 422, 'invalid_state'],
  ['that is none', () => 'hello', 'numbers', 422, 'invalid_state'],
  ['of another model', (token: string) => token, 'total', 409, 'session_conflict'],
] as const)('refuses a state %s', async ([, change, model, status, code]) => {
  const { state } = await post('/v1/models/numbers/predict', { input: rows(2), return_state: true });
  const input = model === 'total' ? [1] : rows(1);
  expect(await call('POST', `/v1/models/${model}/predict`, { input, state: change(state) })).toMatchObject({
    status,
    body: { code },
  });
});

test('a state is of one sequence, and of a model that has one', async () => {
  const of = (model: string, task: string, body: object): Promise<{ status: number; body: Json }> =>
    call('POST', `/v1/models/${model}/${task}`, { ...body, return_state: true });
  expect(await of('numbers', 'predict', { input: [rows(2), rows(2)] })).toMatchObject({ status: 400 });
  expect(await of('writer', 'generate', { prompt: 'a', n: 2 })).toMatchObject({ status: 400 });
  expect(await of('tagger', 'tag', { input: 'abc' })).toMatchObject({ status: 409 });
});

test('texts that begin alike start where they part, unless a request asks for the whole', async () => {
  const beginning = 'the long beginning that all of these texts have, word for word. '.repeat(2);
  const ask = (ending: string, more: object = {}): Promise<Json> =>
    post('/v1/models/writer/generate', {
      prompt: beginning + ending,
      max_tokens: 5,
      temperature: 0,
      ...more,
    });
  await ask('one');
  await ask('two');
  const reused = await ask('three');
  expect(reused.usage.reused_steps).toBeGreaterThanOrEqual(beginning.length);
  const whole = await ask('three', { reuse_prefix: false });
  expect(whole.usage).not.toHaveProperty('reused_steps');
  expect(reused.generations).toEqual(whole.generations);
  const id = await begin('writer');
  const session = await step(id, { input: `${beginning}four`, generate: { max_tokens: 5, temperature: 0 } });
  expect(session.usage.reused_steps).toBeGreaterThanOrEqual(beginning.length);
  expect(session.generations).toEqual((await ask('four', { reuse_prefix: false })).generations);
});

test('shows what is inside the network step by step, with the same answers', async () => {
  const input = rows(8);
  const [plain, shown] = [await begin('numbers'), await begin('numbers')];
  const ask = { include: ['hidden'] };
  const parts = [
    await step(shown, { input: input.slice(0, 3), ...ask }),
    await step(shown, { input: input.slice(3), ...ask }),
  ];
  const whole = await post('/v1/models/numbers/predict', { input, ...ask });
  expect(parts.flatMap((part) => part.predictions[0].output)).toEqual(
    (await step(plain, { input })).predictions[0].output,
  );
  expect(parts.flatMap((part) => part.predictions[0].inside[0].hidden)).toEqual(
    whole.predictions[0].inside[0].hidden,
  );
});

test('a call that is repeated after its answer was lost is not run twice', async () => {
  const id = await begin('numbers');
  await step(id, { input: rows(3), position: 0 });
  expect(await call('POST', `/v1/sessions/${id}/steps`, { input: rows(3), position: 0 })).toMatchObject({
    status: 409,
    body: { code: 'session_conflict', detail: 'position: the session stands at 3, not at 0' },
  });
  expect((await step(id, { input: rows(1), position: 3 })).session.position).toBe(4);
});

test('a model says how long its sessions live', async () => {
  folder.write('brief', 1, {
    task: 'predict',
    inputs: { kind: 'numeric', features: [{ name: 'x' }] },
    network: { layers: [{ type: 'recurrent', cell: 'gru', units: 2 }] },
    sessions: { ttl_s: 7 },
  });
  await server.post('/v2/repository/models/brief/load', {});
  const id = await begin('brief');
  expect((await call('GET', `/v1/sessions/${id}`)).body.ttl_s).toBe(7);
  const own = await begin('brief', { ttl_s: 9 });
  expect((await call('GET', `/v1/sessions/${own}`)).body.ttl_s).toBe(9);
});

test('takes named tensors, as the Open Inference Protocol has them', async () => {
  const id = await begin('numbers');
  const tensor = (input: number[][]) => [
    { name: 'input', datatype: 'FP32', shape: [1, input.length, 2], data: input.flat() },
  ];
  const whole = await post('/v2/models/numbers/infer', { inputs: tensor(rows(5)) });
  const parts = [
    await step(id, { inputs: tensor(rows(2)) }),
    await step(id, { inputs: tensor(rows(5).slice(2)) }),
  ];
  expect(parts.flatMap(({ outputs }) => outputs[0].data)).toEqual(whole.outputs[0].data);
  expect(parts[1].session.position).toBe(5);
  const refused = await call('POST', `/v1/sessions/${id}/steps`, { inputs: [{ name: 'x' }] });
  expect(refused.status).toBe(400);
});
