import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWhere } from '../support/needs.ts';
import { hasRedis, missingRedis, startRedis, type RedisServer } from '../support/redis-server.ts';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';
import { openSocket } from './stream-clients.ts';

// Sessions in a real Redis, shared by real servers: any of them serves any session, one at a time.

// oxlint-disable-next-line typescript/no-explicit-any -- replies of many shapes
type Json = any;
const leaseMs = 800;

describeWhere(hasRedis, missingRedis, 'sessions in Redis', () => {
  let folder: ModelFolder;
  let redis: RedisServer;
  let settings: Record<string, string | number>;
  let [a, b] = [null!, null!] as [ServerProcess, ServerProcess];
  const start = (): Promise<ServerProcess> => startServer(folder.path, settings);

  beforeAll(async () => {
    folder = modelFolder(['classifier', 'writer', 'numbers']);
    redis = await startRedis();
    settings = {
      SESSIONS: 'redis',
      REDIS_URL: redis.url,
      SESSION_LEASE_MS: leaseMs,
      STATE_KEY: 'shared',
    };
    [a, b] = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    await Promise.all([a.stop(), b.stop()]);
    await redis.stop();
    folder.remove();
  });

  async function call(
    server: ServerProcess,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: Json }> {
    const response = await fetch(`${server.url}/v1/${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }
  async function post(server: ServerProcess, path: string, body: object): Promise<Json> {
    const reply = await call(server, 'POST', path, body);
    expect(reply.body).not.toHaveProperty('code');
    return reply.body;
  }
  const begin = async (more: object = {}): Promise<string> =>
    (await post(a, 'sessions', { model: 'numbers', ...more })).id;
  const step = async (server: ServerProcess, id: string, input: number[][]): Promise<number[][]> =>
    (await post(server, `sessions/${id}/steps`, { input })).predictions[0].output;
  const rows = (count: number, from = 0): number[][] =>
    Array.from({ length: count }, (_, t) => [Math.sin(from + t), Math.cos(3 * (from + t))]);
  const predictWhole = async (input: number[][]): Promise<number[][]> =>
    (await post(a, 'models/numbers/predict', { input })).predictions[0].output;

  test('servers take turns in a session, with the bits of one', async () => {
    const id = await begin({ keep_steps: 10 });
    const input = rows(20);
    const outputs: number[][] = [];
    for (let t = 0; t < 20; t++) outputs.push(...(await step(t % 2 === 0 ? a : b, id, [input[t]!])));
    expect(outputs).toEqual(await predictWhole(input));
    await post(a, `sessions/${id}/marks`, { name: 'here' });
    expect(await post(b, `sessions/${id}/rewind`, { steps: 5 })).toMatchObject({ position: 15 });
    expect(await step(a, id, input.slice(15))).toEqual(outputs.slice(15));
    const { data } = await post(b, `sessions/${id}/fork`, { count: 2 });
    expect(await step(a, data[0].id, [[1, 2]])).toEqual(await step(b, data[1].id, [[1, 2]]));
  });

  test('calls on both servers at once are one after the other', async () => {
    const id = await begin();
    const replies = await Promise.all(
      rows(40).map((row, t) =>
        post([a, b][t % 2]!, `sessions/${id}/steps`, { input: [row] }).then(
          ({ session }) => session.position,
        ),
      ),
    );
    expect(replies.toSorted((x, y) => x - y)).toEqual(replies.map((_, t) => t + 1));
  });

  test('a deletion on one server ends the session on the other', async () => {
    const id = await begin();
    await step(b, id, rows(1));
    expect(await call(b, 'DELETE', `sessions/${id}`)).toMatchObject({ status: 200 });
    expect(await call(a, 'POST', `sessions/${id}/steps`, { input: rows(1) })).toMatchObject({
      status: 404,
      body: { code: 'session_not_found' },
    });
  });

  test('lists the sessions of all servers, newest first', async () => {
    const ids = [];
    for (let i = 0; i < 5; i++)
      ids.unshift((await post([a, b][i % 2]!, 'sessions', { model: 'classifier' })).id);
    const { body } = await call(b, 'GET', 'sessions?model=classifier&limit=2');
    expect(body.data.map(({ id }: Json) => id)).toEqual(ids.slice(0, 2));
    const next = await call(a, 'GET', `sessions?model=classifier&limit=5&after=${ids[1]}`);
    expect(next.body.data.map(({ id }: Json) => id)).toEqual(ids.slice(2));
    expect(next.body.has_more).toBe(false);
  });

  test('an expired session is told from one that never was, on any server', async () => {
    const id = await begin({ ttl_s: 1 });
    await until(async () => (await call(b, 'GET', `sessions/${id}`)).status === 410);
  });

  test('a server that dies in the middle of a stream frees its session when its lease ends', async () => {
    const server = await start();
    const { id } = await post(server, 'sessions', { model: 'writer' });
    const response = await fetch(`${server.url}/v1/sessions/${id}/steps`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: 'ab', stream: true, generate: { max_tokens: 4000 } }),
    });
    const reader = response.body!.getReader();
    await reader.read();
    server.process.kill('SIGKILL');
    await reader.cancel().catch(() => {});
    // nothing of the call that did not end is in the session
    const generate = { max_tokens: 5, temperature: 0 };
    const { generations } = await post(b, `sessions/${id}/steps`, { input: 'ab', generate });
    const whole = await post(b, 'models/writer/generate', { prompt: 'ab', ...generate });
    expect(generations).toEqual(whole.generations);
  });

  test('a server that was stopped past its lease changes nothing', async () => {
    const server = await start();
    const { id } = await post(server, 'sessions', { model: 'writer' });
    const slow = call(server, 'POST', `sessions/${id}/steps`, {
      input: 'ab',
      generate: { max_tokens: 4096 },
    });
    await until(async () => (await keysOf(`unroll:session:{${id}}:lease`)) === 1);
    server.process.kill('SIGSTOP');
    const { session } = await post(b, `sessions/${id}/steps`, { input: 'cd' });
    expect(session.position).toBe(2);
    server.process.kill('SIGCONT');
    expect(await slow).toMatchObject({ status: 409, body: { code: 'session_lost' } });
    expect((await call(b, 'GET', `sessions/${id}`)).body.position).toBe(2);
    await server.stop();
  });

  test('a stream whose server was stopped past its lease ends with the reason', async () => {
    const server = await start();
    const { id } = await post(server, 'sessions', { model: 'numbers' });
    const stream = await openSocket(`${server.url}/v1/sessions/${id}/stream`);
    stream.send('[[1, 2]]');
    expect(await stream.next()).toHaveProperty('position', 1);
    server.process.kill('SIGSTOP');
    const { session } = await post(b, `sessions/${id}/steps`, { input: rows(2) });
    expect(session.position).toBe(3);
    server.process.kill('SIGCONT');
    stream.send('[[1, 2]]');
    const { error } = await stream.next();
    expect(error).toMatchObject({ code: 'session_lost', status: 409, message: 2 });
    expect(error.detail).toBe(
      `this server lost the session ${id} to another one or to its deletion: the call has changed nothing`,
    );
    expect(await stream.closing).toMatchObject({
      code: 4409,
      reason: expect.stringMatching(/^session_lost: /),
    });
    await server.stop();
  });

  test('while Redis is gone sessions are refused, all else is served, and both recover', async () => {
    const id = await begin();
    const input = rows(9);
    await step(a, id, input.slice(0, 4));
    await redis.kill();
    const refused = await call(a, 'POST', `sessions/${id}/steps`, { input: input.slice(4) });
    expect(refused).toMatchObject({ status: 503, body: { code: 'sessions_unavailable' } });
    expect(refused.body.detail).toContain('Redis (UNROLL_REDIS_URL) cannot be reached');
    expect((await predictWhole(input)).length).toBe(9);
    await redis.restart();
    await until(async () => (await call(a, 'GET', `sessions/${id}`)).status === 200);
    await until(async () => (await call(b, 'GET', `sessions/${id}`)).status === 200);
    expect(await step(b, id, input.slice(4))).toEqual((await predictWhole(input)).slice(4));
  });

  test('a state token goes on at another server with the same key', async () => {
    const input = rows(6);
    const { state } = await post(a, 'models/numbers/predict', {
      input: input.slice(0, 3),
      return_state: true,
    });
    const rest = await post(b, 'models/numbers/predict', { input: input.slice(3), state });
    expect(rest.predictions[0].output).toEqual((await predictWhole(input)).slice(3));
  });

  async function keysOf(key: string): Promise<number> {
    const { Redis } = await import('ioredis');
    const client = new Redis(redis.url);
    try {
      return await client.exists(key);
    } finally {
      client.disconnect();
    }
  }

  test('sessions of many clients, on both servers, keep their own states', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => begin()));
    await Promise.all(
      ids.map(async (id, i) => {
        const input = rows(12, i);
        const outputs: number[][] = [];
        for (const [t, row] of input.entries()) {
          outputs.push(...(await step([a, b][(t + i) % 2]!, id, [row])));
          await delay(i % 3);
        }
        expect(outputs).toEqual(await predictWhole(input));
      }),
    );
  });
});
