import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { TaskContext } from '../tasks/context.ts';
import type { Continuation, KeptState } from '../tasks/continuation.ts';
import { beginNow, createSession, generates, type CreateSession } from './create-session.ts';
import { advanceSession } from './advance.ts';
import { removeMark, setMark } from './marks.ts';
import { createOpenStreams } from './open-streams.ts';
import { rewind, type RewindTo } from './rewind.ts';
import type { ContinuedCall, SessionCall } from './session-call.ts';
import { isDamaged, notFound, type HeldSession, type ListQuery, type SessionStore } from './session-store.ts';
import type { Session, SessionOwner } from './session.ts';
import { checkBelongs, writeSnapshot, type Snapshot } from './snapshot.ts';
import { createStreamOpener, type StreamOpener } from './stream-opener.ts';
import type { VersionKeeper } from './version-keeper.ts';
import { belongsTo, toOwnId, toStoredId } from './session-id.ts';

// Sessions: the state of a sequence, kept between calls. A call that fails has changed nothing.

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly versions: VersionKeeper;
  readonly context: TaskContext;
  readonly ttlSeconds: number;
}

/** Ids of sessions are those that are stored, but for that of a new session. */
export interface Sessions extends StreamOpener {
  /** @throws UnrollError model_not_found, session_unsupported, session_exists, invalid_state … */
  create(request: CreateSession, caller: SessionOwner): Promise<Session>;
  get(id: string, caller: SessionOwner): Promise<Session>;
  /** Those of an owner; of all that the caller sees where it is undefined. */
  list(query: ListQuery, caller: SessionOwner): Promise<readonly Session[]>;
  /** Ends one that is damaged, too. */
  remove(id: string, caller: SessionOwner): Promise<void>;
  /** Runs a task in a session, after the calls before it. @returns its result, and the session after it */
  run<T>(
    id: string,
    caller: SessionOwner,
    call: SessionCall,
    work: (call: ContinuedCall) => Promise<T>,
  ): Promise<{ readonly result: T; readonly session: Session }>;
  /** The same for a task that gives events; the session is saved before the last is passed on. */
  stream<E, T>(
    id: string,
    caller: SessionOwner,
    call: SessionCall,
    work: (call: ContinuedCall) => AsyncIterable<E>,
    format: (event: E, model: ServedModel, session: Session | null) => T | Promise<T>,
  ): AsyncGenerator<T>;
  fork(id: string, count: number, caller: SessionOwner): Promise<readonly Session[]>;
  mark(id: string, name: string, caller: SessionOwner): Promise<Session>;
  removeMark(id: string, name: string, caller: SessionOwner): Promise<Session>;
  rewind(id: string, to: RewindTo, caller: SessionOwner, call: SessionCall): Promise<Session>;
  /** A safetensors file. */
  snapshot(id: string, caller: SessionOwner): Promise<Uint8Array<ArrayBuffer>>;
  /** Replaces a session's state, or makes the session. */
  restore(id: string, snapshot: Snapshot, caller: SessionOwner): Promise<Session>;
  readonly counts: SessionStore['counts'];
  readonly tally: SessionStore['tally'];
  /** Writes all sessions. */
  close(): Promise<void>;
}

/** In one call. */
export const maxForks = 10_000;
const sweepMs = 5000;

export function createSessions({ store, versions, context, ttlSeconds }: SessionsOptions): Sessions {
  const sweeping = setInterval(() => versions.sweep(), sweepMs).unref();
  const streams = createOpenStreams();
  const requireOwn = (session: Session, { all, name }: SessionOwner): void => {
    // whether there is a session of another key is not shown
    if (!all && session.owner !== name) throw notFound(session.id);
  };
  async function read(id: string, caller: SessionOwner): Promise<Session> {
    const session = await store.read(id);
    requireOwn(session, caller);
    return session;
  }
  async function hold(id: string, caller: SessionOwner): Promise<HeldSession> {
    // before it waits in the queue of another key's session
    await read(id, caller);
    await streams.requireNone(id);
    return store.hold(id);
  }
  /** Holds a session, and saves what `change` makes of it. */
  async function change(
    id: string,
    caller: SessionOwner,
    make: (session: Session, model: ServedModel) => Session | Promise<Session>,
  ): Promise<Session> {
    const held = await hold(id, caller);
    try {
      const { session } = held;
      const use = versions.use(session);
      try {
        const next = await make(session, use.model);
        await held.save(next);
        return next;
      } finally {
        use.done();
      }
    } finally {
      held.release();
    }
  }

  /** Goes on from a session; `next` is the session after the task, null until it has run. */
  function continueFrom(
    session: Session,
    model: ServedModel,
  ): { continuation: Continuation; next: () => Session | null } {
    const { steps, pendingId, state } = session;
    let next: Session | null = null;
    const keep = (kept: KeptState, input: Int32Array | Float32Array): void => {
      next = advanceSession(session, kept, input, model.network.info);
    };
    return { continuation: { from: state ?? undefined, steps, pendingId, keep }, next: () => next };
  }

  /** Begins a call that is counted as one of its model. `end` lets the next one have the session. */
  async function begin(id: string, caller: SessionOwner) {
    const held = await hold(id, caller);
    try {
      const { session } = held;
      const use = versions.use(session);
      const { model } = use;
      const count = model.statistics.startRequest();
      const end = (completed: boolean): void => {
        count(completed);
        use.done();
        held.release();
      };
      return { held, session, model, end, ...continueFrom(session, model) };
    } catch (error) {
      held.release();
      throw error;
    }
  }

  return {
    async create(request, caller) {
      const lease = context.repository.acquire(request.model);
      try {
        const session = createSession(lease.model, request, { caller, ttlSeconds });
        await store.add(session, request.id === undefined);
        // from here on the session keeps its version loaded
        versions.use(session).done();
        return session;
      } finally {
        lease.release();
      }
    },

    get: read,

    async list(query, { all, name }) {
      if (!all && query.owner !== undefined && query.owner !== name) return [];
      return store.list(all ? query : { ...query, owner: name });
    },

    async remove(id, caller) {
      try {
        await read(id, caller);
      } catch (error) {
        if (!isDamaged(error) || !(caller.all || belongsTo(id, caller.name))) throw error;
      }
      streams.end(id, new UnrollError('session_ending', `the session ${toOwnId(id)} is being deleted`));
      await store.remove(id);
    },

    async run(id, caller, call, work) {
      const { held, session: before, model, continuation, next, end } = await begin(id, caller);
      let completed = false;
      try {
        const result = await work({ ...call, model, continuation });
        const session = next() ?? before;
        await held.save(session);
        completed = true;
        return { result, session };
      } finally {
        end(completed);
      }
    },

    async *stream(id, caller, call, work, format) {
      const { held, model, continuation, next, end } = await begin(id, caller);
      let completed = false;
      let saved: Session | null = null;
      try {
        for await (const event of work({ ...call, model, continuation })) {
          const session = next();
          if (session && !saved) await held.save((saved = session));
          yield await format(event, model, saved);
        }
        completed = true;
      } finally {
        end(completed);
      }
    },

    ...createStreamOpener({ read, store, versions, streams, continueFrom, context, ttlSeconds }),

    async fork(id, count, caller) {
      if (count > maxForks)
        throw new UnrollError('too_many_sessions', `count: at most ${maxForks}, was ${count}`, {
          field: 'count',
        });
      const held = await hold(id, caller);
      const { session } = held;
      const forks = Array.from({ length: count }, () => createFork(session, caller));
      try {
        versions.use(session).done();
        await store.addForks(forks);
        return forks;
      } catch (error) {
        // nobody would know their ids
        await Promise.allSettled(forks.map((fork) => store.remove(fork.id)));
        throw error;
      } finally {
        held.release();
      }
    },

    mark: (id, name, caller) => change(id, caller, (session) => setMark(session, name)),
    removeMark: (id, name, caller) => change(id, caller, (session) => removeMark(session, name)),

    rewind: (id, to, caller, call) =>
      change(id, caller, (session, model) =>
        rewind(context, { ...call, model }, session, to, generates(model)),
      ),

    async snapshot(id, caller) {
      const session = await read(id, caller);
      const use = versions.use(session);
      use.done();
      return writeSnapshot(session, use.model);
    },

    async restore(id, snapshot, caller) {
      const { steps, pendingId, state } = snapshot;
      const replace = () =>
        change(id, caller, (session, model) => {
          checkBelongs(snapshot, model, 'snapshot');
          return { ...session, steps, pendingId, state, history: [] };
        });
      try {
        return await replace();
      } catch (error) {
        if (!(error instanceof UnrollError && ['session_not_found', 'session_expired'].includes(error.code)))
          throw error;
        const ownId = toOwnId(id);
        // a session is made for the caller, for nobody else
        if (id !== toStoredId(caller.name, ownId)) throw error;
        const model = `${snapshot.model}@${snapshot.version}`;
        return this.create({ model, id: ownId, snapshot }, caller);
      }
    },

    get counts() {
      return store.counts;
    },
    tally: store.tally,
    async close() {
      clearInterval(sweeping);
      try {
        await store.close();
      } finally {
        versions.close();
      }
    },
  };
}

/** A copy of a session's state, with an id of its own, and without its marks and its way back. */
const createFork = (session: Session, { name }: SessionOwner): Session =>
  beginNow({ ...session, id: '', owner: name, marks: [], history: [] });
