import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRng } from '../../src/random.ts';
import { describeWhere } from '../support/needs.ts';
import { hasRedis, missingRedis, startRedis, type RedisServer } from '../support/redis-server.ts';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// Sessions of many callers, each with a series of its own, on servers that are killed, stopped and have room for few: an
// answer that was computed from another session's state, or from a state twice, would not be that of the whole series.

// oxlint-disable-next-line typescript/no-explicit-any -- replies of many shapes
type Json = any;
const leaseMs = 500;
const seconds = 8;

/** A session as it has to be. */
interface Line {
  id: string;
  /** Of its series. */
  readonly tag: number;
  position: number;
  readonly outputs: (number[] | null)[];
}
const row = ({ tag }: Pick<Line, 'tag'>, t: number): number[] => [
  Math.sin(tag * 7 + t),
  Math.cos(tag + 3 * t),
];

let folder: ModelFolder;
beforeAll(() => {
  folder = modelFolder(['numbers']);
});
afterAll(() => folder.remove());

/** @returns null where there was no reply, or none that tells whether the call ran */
async function call(server: ServerProcess, method: string, path: string, body?: object): Promise<Json> {
  try {
    const reply = await server.get(path, {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const json = (await reply.json()) as Json;
    return reply.status === 200 ? json : [404, 410].includes(reply.status) ? { gone: true } : null;
  } catch {
    return null;
  }
}

async function fuzz(
  seed: number,
  servers: ServerProcess[],
  disturb: (round: number) => Promise<void>,
): Promise<number> {
  const rng = createRng(seed, 0);
  const pick = (count: number): number => Math.floor(rng.next() * count);
  const any = (): ServerProcess => servers[pick(servers.length)]!;
  const lines: Line[] = [];
  let calls = 0;

  async function begin(tag: number): Promise<void> {
    const made = await call(any(), 'POST', '/v1/sessions', { model: 'numbers', durable: true });
    if (made?.id) lines.push({ id: made.id, tag, position: 0, outputs: [] });
  }
  /** Where the session stands, once a server tells. */
  async function locate(line: Line): Promise<void> {
    for (;;) {
      const shown = await call(any(), 'GET', `/v1/sessions/${line.id}`);
      if (shown?.position !== undefined) {
        while (line.outputs.length < shown.position) line.outputs.push(null);
        line.position = shown.position;
        return;
      }
      await delay(50);
    }
  }
  async function advance(line: Line): Promise<void> {
    const count = 1 + pick(4);
    const input = Array.from({ length: count }, (_, k) => row(line, line.position + k));
    const body = { input, position: line.position };
    const reply = await call(any(), 'POST', `/v1/sessions/${line.id}/steps`, body);
    calls++;
    if (!reply?.predictions) return locate(line);
    line.outputs.push(...reply.predictions[0].output);
    line.position += count;
  }
  async function fork(line: Line): Promise<void> {
    const reply = await call(any(), 'POST', `/v1/sessions/${line.id}/fork`, { count: 1 });
    if (reply?.data) lines.push({ ...line, id: reply.data[0].id, outputs: [...line.outputs] });
  }

  for (let tag = 0; tag < 12; tag++) await begin(tag);
  const end = performance.now() + seconds * 1000;
  for (let round = 0; performance.now() < end; round++) {
    await disturb(round);
    await Promise.all(
      lines.slice(0, 24).map(async (line) => {
        const choice = rng.next();
        await (choice < 0.9 || lines.length > 24 ? advance(line) : fork(line));
      }),
    );
  }
  for (const line of lines) {
    const input = Array.from({ length: line.position }, (_, t) => row(line, t));
    if (input.length === 0) continue;
    const whole = (await call(servers[0]!, 'POST', '/v1/models/numbers/predict', { input })).predictions[0]
      .output;
    // an answer that was lost with its server is not known
    for (const [t, output] of line.outputs.entries()) if (output) expect(output).toEqual(whole[t]);
  }
  for (const { id } of lines) await call(servers[0]!, 'DELETE', `/v1/sessions/${id}`);
  return calls;
}

test('with room for three sessions in memory, and kill -9 in the middle', async () => {
  const data = mkdtempSync(join(tmpdir(), 'unroll-sessions-'));
  const settings = { MAX_SESSIONS: 3, DATA: data };
  const servers = [await startServer(folder.path, settings)];
  const calls = await fuzz(1, servers, async (round) => {
    if (round % 40 !== 39) return;
    servers[0]!.process.kill('SIGKILL');
    await once(servers[0]!.process, 'exit');
    servers[0] = await startServer(folder.path, settings);
  });
  expect(calls).toBeGreaterThan(50);
  expect((await call(servers[0]!, 'GET', '/v1/sessions')).data).toEqual([]);
  expect(await servers[0]!.metric('unroll_sessions')).toBe(0);
  expect(await servers[0]!.metric('unroll_engine_unreconciled_sequences')).toBe(0);
  await servers[0]!.stop();
  rmSync(data, { recursive: true, force: true });
});

describeWhere(hasRedis, missingRedis, 'on two servers with one Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test('one of which is killed, or stopped past its lease', async () => {
    const settings = { SESSIONS: 'redis', REDIS_URL: redis.url, SESSION_LEASE_MS: leaseMs };
    const start = (): Promise<ServerProcess> => startServer(folder.path, settings);
    const servers = await Promise.all([start(), start()]);
    const calls = await fuzz(2, servers, async (round) => {
      if (round % 30 === 14) {
        servers[1].process.kill('SIGKILL');
        servers[1] = await start();
      } else if (round % 30 === 29) {
        const stopped = servers[1].process;
        stopped.kill('SIGSTOP');
        setTimeout(() => stopped.kill('SIGCONT'), 2 * leaseMs);
      }
    });
    expect(calls).toBeGreaterThan(50);
    expect((await call(servers[0], 'GET', '/v1/sessions')).data).toEqual([]);
    await Promise.all(servers.map((server) => server.stop()));
  });
});
