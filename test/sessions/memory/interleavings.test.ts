import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { UnrollError, type ErrorCode } from '../../../src/errors.ts';
import type { SessionArchive } from '../../../src/sessions/session-archive.ts';
import type { SessionStore } from '../../../src/sessions/session-store.ts';
import { makeSession, openArchive, openStore, temporaryFolder } from '../fixtures.ts';

// Random interleavings of calls, evictions and restarts, beside a model that is a map. Every state has a tag, so
// that a state which is seen in another session, or after its end, is found.

/** A session that was begun: the tag is that of its states, of every one. */
interface Begun {
  readonly id: string;
  readonly tag: number;
  readonly durable: boolean;
  readonly owner: string | null;
  readonly createdAt: number;
  saves: number;
  ended: boolean;
}

const stateOf = ({ tag }: Begun, saves: number): Float32Array => Float32Array.of(tag, saves, tag, tag);

const expectedCodes: readonly ErrorCode[] = [
  'session_not_found',
  'session_exists',
  'session_ending',
  'session_busy',
];

type Operation = readonly [
  kind: 'add' | 'step' | 'touch' | 'read' | 'remove' | 'list',
  id: number,
  durable: boolean,
];
const operation: fc.Arbitrary<Operation> = fc.tuple(
  fc.constantFrom('add', 'add', 'step', 'step', 'step', 'touch', 'read', 'remove', 'list'),
  fc.nat(7),
  fc.boolean(),
);
/** Operations that run at the same time. */
const group = fc.record({
  operations: fc.array(operation, { minLength: 1, maxLength: 12 }),
  restart: fc.nat(9).map((n) => n === 0),
});

let tags = 0;

function createRun(store: () => SessionStore) {
  const model = `model-${++tags}`;
  const idOf = (number: number): string => `${model}-${number}`;
  const all: Begun[] = [];
  const live = (id: string): Begun | undefined => all.find((one) => one.id === id && !one.ended);
  const findTag = (state: Float32Array | null): Begun => {
    const found = all.find(({ tag }) => tag === state?.[0]);
    expect(found, 'a state that was saved').toBeDefined();
    expect([state![2], state![3]], 'a whole state').toEqual([found!.tag, found!.tag]);
    return found!;
  };
  /** @param endedBefore sessions that had ended when the call began */
  const check = (id: string, state: Float32Array | null, endedBefore: ReadonlySet<Begun>): Begun => {
    const found = findTag(state);
    expect(found.id, 'the session of this state').toBe(id);
    expect(endedBefore.has(found), 'a session that had ended').toBe(false);
    return found;
  };

  async function run([kind, number, durable]: Operation): Promise<void> {
    const id = idOf(number);
    const ended = new Set(all.filter((one) => one.ended));
    switch (kind) {
      case 'add': {
        const owner = number % 2 ? 'odd' : null;
        const begun: Begun = {
          id,
          tag: ++tags,
          durable,
          owner,
          createdAt: Math.floor(tags / 2),
          saves: 0,
          ended: true,
        };
        all.push(begun);
        const { createdAt } = begun;
        await store().add(
          makeSession(id, { model, durable, owner, createdAt, state: stateOf(begun, 0) }),
          false,
        );
        expect(live(id), 'two sessions of one id').toBeUndefined();
        begun.ended = false;
        return;
      }
      case 'step': {
        const held = await store().hold(id);
        try {
          const one = check(id, held.session.state, ended);
          expect(held.session.steps).toBe(one.saves);
          expect(held.session.state![1]).toBe(one.saves);
          await held.save({ ...held.session, steps: one.saves + 1, state: stateOf(one, one.saves + 1) });
          one.saves++;
        } finally {
          held.release();
        }
        return;
      }
      case 'touch': {
        const held = await store().hold(id);
        check(id, held.session.state, ended);
        held.release();
        return;
      }
      case 'read':
        return void check(id, (await store().read(id)).state, ended);
      case 'remove': {
        await store().remove(id);
        const one = live(id);
        if (one) one.ended = true;
        return;
      }
      case 'list': {
        const listed = await store().list({
          limit: 100,
          after: undefined,
          owner: undefined,
          model,
        });
        expect(new Set(listed.map((one) => one.id)).size).toBe(listed.length);
        for (const one of listed) check(one.id, one.state, ended);
      }
    }
  }

  /** While no call runs. */
  async function checkAll(): Promise<void> {
    const alive = all
      .filter((one) => !one.ended)
      .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
    // approximate while sessions are being written
    await vi.waitFor(() => {
      const { active, evicted } = store().counts;
      expect(active + evicted).toBe(alive.length);
    }, 2000);
    for (const owner of [undefined, null, 'odd']) {
      const ids: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await store().list({ limit: 2, after, owner, model });
        ids.push(...page.map(({ id }) => id));
        after = page.at(-1)?.id;
        if (page.length < 2) break;
      }
      expect(ids).toEqual(
        alive.filter((one) => owner === undefined || one.owner === owner).map(({ id }) => id),
      );
    }
    for (let n = 0; n < 8; n++) {
      const one = live(idOf(n));
      if (!one) {
        await expect(store().read(idOf(n))).rejects.toMatchObject({ code: 'session_not_found' });
        continue;
      }
      const session = await store().read(one.id);
      expect([session.state, session.steps]).toEqual([stateOf(one, one.saves), one.saves]);
    }
  }
  async function removeAll(): Promise<void> {
    for (const one of all) if (!one.ended) await store().remove(one.id);
  }
  return { run, checkAll, removeAll };
}

it('any interleaving of calls, evictions and restarts loses, mixes and revives nothing', async () => {
  const disk = openArchive(temporaryFolder());
  // its thread goes on when the store ends
  const archive: SessionArchive = {
    ...disk,
    get size() {
      return disk.size;
    },
    close: () => Promise.resolve(),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(group, { minLength: 1, maxLength: 12 }),
      async (maxSessions, groups) => {
        const open = (): SessionStore => openStore(archive, { maxSessions, writeMs: 3 });
        let store = open();
        const { run, checkAll, removeAll } = createRun(() => store);
        try {
          for (const { operations, restart } of groups) {
            await Promise.all(
              operations.map((one) =>
                run(one).catch((error: unknown) => {
                  if (!(error instanceof UnrollError) || !expectedCodes.includes(error.code)) throw error;
                }),
              ),
            );
            if (restart) {
              await store.close();
              store = open();
            }
            await checkAll();
          }
        } finally {
          await removeAll();
          await store.close();
        }
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);
