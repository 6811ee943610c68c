import { UnrollError } from '../errors.ts';
import type { Session } from './session.ts';
import type { SessionTally } from './session-tally.ts';
import { toOwnId } from './session-id.ts';

// Where sessions are kept. A store is one file, and one line in create-store.ts.

/** A session during a call: no other call has it. */
export interface HeldSession {
  /** After the last save. Each read may copy its state: nothing of it is kept for as long as it is held. */
  readonly session: Session;
  /** Replaces the session; without a promise where it is only kept in memory. @throws UnrollError session_lost where another server has taken it over meanwhile */
  save(session: Session): Promise<void> | void;
  /** Lets the next call have it. To be called once, last. */
  release(): void;
}

/** What the order of lists depends on. */
export type Aged = Pick<Session, 'id' | 'createdAt'>;

export interface PageQuery {
  readonly limit: number;
  /** Undefined for any owner. */
  readonly owner: string | null | undefined;
  readonly model: string | undefined;
}
export interface ListQuery extends PageQuery {
  /** The id of the last session of the page before. */
  readonly after: string | undefined;
}

export interface StoreCounts {
  /** Sessions in memory. */
  readonly active: number;
  /** Sessions on disk alone. */
  readonly evicted: number;
  /** Bytes of states in memory. */
  readonly bytes: number;
}

/** Errors of all: session_not_found, session_expired, sessions_unavailable. */
export interface SessionStore {
  /**
   * @param isNew whether its id was drawn at random, so that no other can have it
   * @throws UnrollError session_exists, sessions_full
   */
  add(session: Session, isNew: boolean): Promise<void>;
  /** Adds sessions whose ids were drawn at random: durable ones with few writes. @throws UnrollError sessions_full */
  addForks(sessions: readonly Session[]): Promise<void>;
  /** Waits for the calls before it. @throws UnrollError session_busy, session_ending */
  hold(id: string): Promise<HeldSession>;
  /** The session after the last call that has ended. */
  read(id: string): Promise<Session>;
  /** Ends it, also one that is damaged: calls that wait fail with session_ending, the one that runs ends first. */
  remove(id: string): Promise<void>;
  /** By their age, the newest first. */
  list(query: ListQuery): Promise<readonly Session[]>;
  readonly counts: StoreCounts;
  readonly tally: SessionTally;
  /** Writes all that is not written. */
  close(): Promise<void>;
}

/** Whether a stored session cannot be read: all that can be done with it is to delete it. */
export const isDamaged = (error: unknown): boolean =>
  error instanceof UnrollError && error.code === 'invalid_state';

export const notFound = (id: string): UnrollError =>
  new UnrollError('session_not_found', `there is no session ${toOwnId(id)}`);

export const expired = (id: string): UnrollError =>
  new UnrollError('session_expired', `the session ${toOwnId(id)} has expired: it had no call for its ttl_s`);
