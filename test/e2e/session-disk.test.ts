import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWhere } from '../support/needs.ts';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// Sessions that outlast a server, and a disk that fails them, with real processes.

let models: ModelFolder;
const root = mkdtempSync(join(tmpdir(), 'unroll-session-disk-'));
beforeAll(() => {
  models = modelFolder(['numbers']);
});
afterAll(() => {
  models.remove();
  rmSync(root, { recursive: true, force: true });
});
const newFolder = (): string => mkdtempSync(join(root, 'data-'));
const start = (
  data: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<ServerProcess> =>
  startServer(models.path, { DATA: data, WORKERS: 1, TRAINING_JOBS: 0, ...settings });
async function kill(server: ServerProcess): Promise<void> {
  server.process.kill('SIGKILL');
  await once(server.process, 'exit');
}

const rows = (count: number, from = 0): number[][] =>
  Array.from({ length: count }, (_, t) => [Math.sin(from + t), Math.cos(3 * (from + t))]);
interface Reply {
  readonly predictions: readonly { readonly output: readonly (readonly number[])[] }[];
  readonly session: { readonly position: number };
}
interface View {
  readonly id: string;
  readonly position: number;
}
const begin = async (server: ServerProcess, more: object = {}): Promise<string> =>
  (await server.ask<View>('/v1/sessions', { model: 'numbers', ...more })).id;
const step = (server: ServerProcess, id: string, input: readonly (readonly number[])[]): Promise<Reply> =>
  server.ask<Reply>(`/v1/sessions/${id}/steps`, { input });
async function show(
  server: ServerProcess,
  id: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const reply = await server.get(`/v1/sessions/${id}`);
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}
/** Outputs of a sequence in one piece. */
async function whole(server: ServerProcess, input: readonly (readonly number[])[]): Promise<unknown> {
  return (await server.ask<Reply>('/v1/models/numbers/predict', { input })).predictions[0]!.output;
}

describe('sessions that outlast their server', () => {
  it('go on with the same bits after SIGTERM, with their marks and their last steps', async () => {
    const data = newFolder();
    const first = await start(data);
    const ids = await Promise.all(Array.from({ length: 20 }, () => begin(first, { keep_steps: 10 })));
    await Promise.all(ids.map((id) => step(first, id, rows(5))));
    await first.ask(`/v1/sessions/${ids[0]!}/marks`, { name: 'five' });
    await step(first, ids[0]!, rows(3, 5));
    const fresh = await begin(first, { id: 'fresh' });
    expect(await first.stop()).toBe(0);

    const second = await start(data);
    const expected = await whole(second, rows(12));
    const [head, ...others] = ids;
    expect([...(await step(second, head!, rows(4, 8))).predictions[0]!.output]).toEqual(
      (expected as unknown[]).slice(8),
    );
    for (const id of others.slice(0, 3))
      expect((await step(second, id, rows(7, 5))).predictions[0]!.output).toEqual(
        (expected as unknown[]).slice(5),
      );
    await second.ask(`/v1/sessions/${head!}/rewind`, { steps: 6 });
    expect((await step(second, head!, rows(6, 6))).predictions[0]!.output).toEqual(
      (expected as unknown[]).slice(6),
    );
    expect(await second.ask(`/v1/sessions/${head!}/rewind`, { mark: 'five' })).toMatchObject({ position: 5 });
    expect((await step(second, fresh, rows(12))).predictions[0]!.output).toEqual(expected);
    const { data: listed } = (await (await second.get('/v1/sessions?limit=100')).json()) as { data: View[] };
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set([...ids, 'fresh']));
    await second.stop();
  });

  it('lose no step to kill -9 where they are durable, and else those since the last write', async () => {
    const data = newFolder();
    const first = await start(data, { SESSION_WRITE_MS: 100 });
    const [durable, written, unwritten] = [
      await begin(first, { durable: true }),
      await begin(first),
      'never-written',
    ];
    await step(first, written, rows(5));
    await step(first, durable, rows(5));
    await until(async () => {
      const text = await (await first.get('/metrics')).text();
      return /unroll_session_snapshot_seconds_count [3-9]/.test(text);
    });
    await delay(300);
    await kill(first);
    const second = await start(data, { SESSION_WRITE_MS: 3_600_000 });
    expect((await show(second, written)).body).toMatchObject({ position: 5 });
    await begin(second, { id: unwritten });
    for (let t = 5; t < 30; t++) await step(second, durable, rows(1, t));
    await step(second, written, rows(4, 5));
    await kill(second);

    const third = await start(data);
    const expected = (await whole(third, rows(40))) as unknown[];
    expect((await show(third, durable)).body).toMatchObject({ position: 30 });
    expect((await step(third, durable, rows(10, 30))).predictions[0]!.output).toEqual(expected.slice(30));
    expect((await step(third, written, rows(3, 5))).predictions[0]!.output).toEqual(expected.slice(5, 8));
    expect((await show(third, unwritten)).status).toBe(404);
    await third.stop();
  });

  it('stay deleted, and expire while no server runs', async () => {
    const data = newFolder();
    const first = await start(data, { SESSION_WRITE_MS: 100 });
    const [deleted, short, long] = [
      await begin(first, { durable: true }),
      await begin(first, { ttl_s: 2 }),
      await begin(first, { ttl_s: 1000 }),
    ];
    await step(first, deleted, rows(1));
    expect((await fetch(`${first.url}/v1/sessions/${deleted}`, { method: 'DELETE' })).status).toBe(200);
    await delay(300);
    await first.stop();
    await delay(2100);
    const second = await start(data);
    expect((await show(second, deleted)).status).toBe(404);
    expect([404, 410]).toContain((await show(second, short)).status);
    expect((await show(second, long)).status).toBe(200);
    await until(async () => (await show(second, short)).status === 410, 10_000);
    await second.stop();
  });

  it('move to disk and back where there is room for three', async () => {
    const server = await start(newFolder(), { MAX_SESSIONS: 3 });
    const ids = await Promise.all(Array.from({ length: 12 }, (_, i) => begin(server, { id: `s${i}` })));
    const expected = (await whole(server, rows(6))) as unknown[];
    for (let t = 0; t < 6; t++) {
      const replies = await Promise.all(ids.map((id) => step(server, id, rows(1, t))));
      for (const reply of replies) expect(reply.predictions[0]!.output).toEqual([expected[t]]);
    }
    await until(async () => {
      const text = await (await server.get('/metrics')).text();
      return (
        /unroll_sessions\{state="active"\} 3\n/.test(text) &&
        /unroll_sessions\{state="evicted"\} 9\n/.test(text)
      );
    });
    expect(await server.metric('unroll_session_restore_seconds_count')).toBeGreaterThan(9);
    const text = await (await server.get('/metrics')).text();
    expect(text).toMatch(/unroll_sessions_ended_total\{reason="evicted"\} [1-9]\d/);
    expect(text).toMatch(/unroll_sessions_created_total 12\n/);
    expect(await server.stop()).toBe(0);
  });
});

describe('a disk that fails', () => {
  it('with a damaged session is an error of that session', async () => {
    const data = newFolder();
    const first = await start(data);
    const [a, b] = [await begin(first), await begin(first)];
    await step(first, b, rows(2));
    await first.stop();
    const database = new DatabaseSync(join(data, 'sessions.db'));
    database.prepare('UPDATE sessions SET body = zeroblob(length(body)) WHERE id = ?').run(a);
    database.close();
    const second = await start(data);
    expect(await show(second, a)).toMatchObject({ status: 422, body: { code: 'invalid_state' } });
    expect((await step(second, b, rows(1))).session.position).toBe(3);
    expect((await second.get('/v1/sessions')).status).toBe(200);
    // all that can be done with it is to delete it
    expect((await second.get(`/v1/sessions/${a}`, { method: 'DELETE' })).status).toBe(200);
    expect(await show(second, a)).toMatchObject({ status: 404 });
    await second.stop();
  });

  it('with a file that is none: it is set aside, and sessions begin anew', async () => {
    const data = newFolder();
    writeFileSync(join(data, 'sessions.db'), 'no database'.repeat(1000));
    const server = await start(data);
    const id = await begin(server, { durable: true });
    expect((await step(server, id, rows(1))).session.position).toBe(1);
    expect(server.output()).toMatch(/is damaged: it was renamed/);
    await server.stop();
  });

  it('in a folder that cannot be made: sessions live in memory, and durable ones are refused', async () => {
    const data = join(newFolder(), 'file');
    writeFileSync(data, '');
    const server = await start(data, { SESSION_WRITE_MS: 100, MAX_SESSIONS: 2 });
    const id = await begin(server, { id: 'mine' });
    expect((await step(server, id, rows(2))).session.position).toBe(2);
    await until(() => /sessions are kept in memory only/.test(server.output()));
    const refused = await server.post('/v1/sessions', { model: 'numbers', durable: true });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      code: 'sessions_unavailable',
      detail: expect.stringMatching(/UNROLL_DATA|file/) as string,
    });
    expect((await show(server, 'unknown')).status).toBe(404);
    // a session more than there is room for, at most, and then none
    await until(async () => (await server.post('/v1/sessions', { model: 'numbers' })).status === 503);
    const full = await server.post('/v1/sessions', { model: 'numbers' });
    expect(await full.json()).toMatchObject({ code: 'sessions_full' });
    expect((await step(server, id, rows(1))).session.position).toBe(3);
    expect((await fetch(`${server.url}/v1/sessions/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await begin(server, { id: 'mine' }).catch(() => 'full')).toMatch(/mine|full/);

    rmSync(data);
    await until(
      async () => (await server.post('/v1/sessions', { model: 'numbers', durable: true })).status === 200,
      10_000,
    );
    expect(await server.stop()).toBe(0);
  });

  it('used by another server: the second says so, keeps sessions in memory, and takes over when the first ends', async () => {
    const data = newFolder();
    const first = await start(data);
    const old = await begin(first, { id: 'old', durable: true });
    await step(first, old, rows(3));
    const second = await start(data, { SESSION_WRITE_MS: 100 });
    await until(() => /another server keeps its sessions/.test(second.output()));
    const own = await begin(second);
    expect((await step(second, own, rows(2))).session.position).toBe(2);
    expect(await show(second, old)).toMatchObject({ status: 503, body: { code: 'sessions_unavailable' } });
    expect((await second.post('/v1/sessions', { model: 'numbers', durable: true })).status).toBe(503);
    expect((await step(first, old, rows(1, 3))).session.position).toBe(4);
    await kill(first);
    await until(async () => (await show(second, old)).status === 200, 10_000);
    expect((await step(second, old, rows(1, 4))).session.position).toBe(5);
    expect((await step(second, own, rows(1, 2))).session.position).toBe(3);
    await second.stop();
    const third = await start(data);
    expect((await show(third, own)).body).toMatchObject({ position: 3 });
    await third.stop();
  });
});

const small = join(root, 'small');
mkdirSync(small);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]).status === 0;
const missing = 'no file system can be mounted here: only root may, in a container with CAP_SYS_ADMIN';
afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', small]);
});

describeWhere(mounted, missing, 'a full disk', () => {
  it('refuses durable calls and loses nothing in memory; what is freed is used again', async () => {
    const server = await start(small, { SESSION_WRITE_MS: 100, MAX_SESSIONS: 50 });
    const id = await begin(server, { durable: true });
    await step(server, id, rows(3));
    const waste = join(small, 'waste');
    // as large as the file system lets it become
    expect(() => writeFileSync(waste, Buffer.alloc(2 ** 20))).toThrow(/ENOSPC/);
    const refused = await until(async () => {
      const reply = await server.post(`/v1/sessions/${id}/steps`, { input: rows(1, 3) });
      return reply.status === 503 ? reply : null;
    });
    expect(await refused.json()).toMatchObject({
      code: 'sessions_unavailable',
      detail: expect.stringMatching(/full/) as string,
    });
    const { position } = (await show(server, id)).body as unknown as View;
    const other = await begin(server);
    expect((await step(server, other, rows(2))).session.position).toBe(2);
    // in memory until there is room
    await until(async () => (await server.post('/v1/sessions', { model: 'numbers' })).status === 503);
    rmSync(waste);
    await until(async () => (await server.post('/v1/sessions', { model: 'numbers' })).status === 200, 10_000);
    const expected = (await whole(server, rows(position + 1))) as unknown[];
    expect((await step(server, id, rows(1, position))).predictions[0]!.output).toEqual(
      expected.slice(position),
    );
    await kill(server);
    const next = await start(small);
    expect((await show(next, id)).body).toMatchObject({ position: position + 1 });
    await next.stop();
  });
});

describeWhere(mounted, missing, 'a data folder that is only read', () => {
  it('serves sessions in memory, and says so', async () => {
    const data = newFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', data]);
    try {
      const server = await start(data);
      const id = await begin(server, { id: 'mine' });
      expect((await step(server, id, rows(2))).session.position).toBe(2);
      await until(() => /sessions are kept in memory only/.test(server.output()), 10_000);
      expect((await server.post('/v1/sessions', { model: 'numbers', durable: true })).status).toBe(503);
      expect((await step(server, id, rows(1))).session.position).toBe(3);
      expect(await server.stop()).toBe(0);
      expect(server.output()).toMatch(/"sessions":1,.*sessions are lost/);
    } finally {
      execFileSync('umount', ['-l', data]);
    }
  });
});
