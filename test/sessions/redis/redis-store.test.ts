import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { connectRedis, type RedisConnection } from '../../../src/redis/connect.ts';
import { createRedisStore } from '../../../src/sessions/redis/redis-store.ts';
import type { SessionStore } from '../../../src/sessions/session-store.ts';
import { createSessionTally } from '../../../src/sessions/session-tally.ts';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis, startRedis, type RedisServer } from '../../support/redis-server.ts';
import { makeSession, silent } from '../fixtures.ts';

// Two servers' stores in one real Redis.

const leaseMs = 200;

describeWhere(hasRedis, missingRedis, 'sessions in Redis', () => {
  let redis: RedisServer;
  let connections: RedisConnection[];
  let stores: SessionStore[];
  const open = async (): Promise<SessionStore> => {
    const connection = await connectRedis({ url: redis.url, purpose: 'test', log: silent });
    connections.push(connection);
    await vi.waitFor(() => expect(connection.outage()).toBeNull());
    return createRedisStore(connection, { leaseMs, maxWaitMs: 5000, tally: createSessionTally() });
  };
  beforeAll(async () => {
    redis = await startRedis();
    connections = [];
    stores = [await open(), await open()];
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await redis.stop();
  });

  /** Holds a session as a server does that is stopped: its lease is not renewed. */
  async function holdWhileStopped(id: string) {
    const renewal = vi.spyOn(globalThis, 'setInterval').mockReturnValue({
      unref: () => undefined,
    } as unknown as NodeJS.Timeout);
    const held = await stores[0]!.hold(id);
    renewal.mockRestore();
    await delay(2 * leaseMs);
    return held;
  }

  it.each([
    ['goes on elsewhere', async () => {}],
    [
      'was deleted and begun again by another key',
      async () => {
        await stores[1]!.remove('s');
        await stores[1]!.add(makeSession('s', { owner: 'bob', state: Float32Array.of(2) }), false);
      },
    ],
  ])('refuses the late write of a server that was stopped, where the session %s', async (_, happen) => {
    await stores[0]!.add(makeSession('s', { owner: 'alice', state: Float32Array.of(1) }), false);
    const late = await holdWhileStopped('s');
    await happen();
    const next = await stores[1]!.hold('s');
    await next.save({ ...next.session, state: Float32Array.of(3) });
    next.release();
    const written = { ...late.session, state: Float32Array.of(9) };
    await expect(late.save(written)).rejects.toMatchObject({ code: 'session_lost' });
    late.release();
    const { owner } = next.session;
    expect(await stores[0]!.read('s')).toMatchObject({ owner, state: Float32Array.of(3) });
    await stores[0]!.remove('s');
  });

  it('tells a call that comes with a deletion that there is no session, or that it ends', async () => {
    for (let round = 0; round < 100; round++) {
      const [store] = stores;
      const id = `r${round}`;
      await store!.add(makeSession(id), true);
      const removing = store!.remove(id);
      for (let turn = 0; turn < round % 6; turn++) await Promise.resolve();
      // as a call does, which looks at the owner first
      const called = store!
        .read(id)
        .then(() => store!.hold(id))
        .then(
          (held) => {
            held.release();
            return 'ran';
          },
          (error: { code?: string }) => error.code,
        );
      await removing;
      expect(['ran', 'session_not_found', 'session_ending', 'session_lost']).toContain(await called);
    }
  });

  it('is deleted once: the second of two deletions spares a session that begins meanwhile', async () => {
    await stores[0]!.add(makeSession('twice'), false);
    const held = await stores[0]!.hold('twice');
    const deletions = [stores[0]!.remove('twice'), stores[1]!.remove('twice')];
    const begun = (async () => {
      for (;;)
        try {
          return await stores[1]!.add(makeSession('twice', { steps: 5 }), false);
        } catch {
          await delay(1);
        }
    })();
    await delay(100);
    held.release();
    const ends = await Promise.allSettled(deletions);
    await begun;
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'session_not_found' },
    });
    expect((await stores[0]!.read('twice')).steps).toBe(5);
    await stores[0]!.remove('twice');
  });

  it('that a server was about to delete when it died can be called again', async () => {
    await stores[0]!.add(makeSession('half'), false);
    const running = await stores[0]!.hold('half');
    const dying = await open();
    const deletion = dying.remove('half').catch(() => 'died');
    await vi.waitFor(() => expect(stores[1]!.hold('half')).rejects.toMatchObject({ code: 'session_ending' }));
    connections.at(-1)!.client.disconnect();
    expect(await deletion).toBe('died');
    running.release();
    await delay(2 * leaseMs);
    const next = await stores[1]!.hold('half');
    next.release();
    await stores[1]!.remove('half');
  });

  it('an id is free after its deletion', async () => {
    const [store] = stores;
    await store!.add(makeSession('again'), false);
    const held = await store!.hold('again');
    const removing = store!.remove('again');
    await delay(20);
    held.release();
    await removing;
    await store!.add(makeSession('again', { steps: 7 }), false);
    const next = await store!.hold('again');
    expect(next.session.steps).toBe(7);
    next.release();
    await store!.remove('again');
  });
});
