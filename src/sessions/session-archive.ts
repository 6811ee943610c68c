import type { Session } from './session.ts';
import type { ListQuery } from './session-store.ts';

/** A session as it is kept on disk. */
export interface ArchivedSession {
  readonly session: Session;
  /** Milliseconds since 1970 after which it has expired. */
  readonly expiresAtMs: number;
}

/** Sessions on disk, behind those in memory. Errors of all: sessions_unavailable. */
export interface SessionArchive {
  /** Writes sessions, or replaces them. Resolves when they survive the end of this process. */
  write(sessions: readonly ArchivedSession[]): Promise<void>;
  read(id: string): Promise<ArchivedSession | null>;
  remove(ids: readonly string[]): Promise<void>;
  /** By their age, the newest first. */
  list(query: ListQuery): Promise<readonly ArchivedSession[]>;
  /** Removes expired sessions. @returns their ids */
  removeExpired(): Promise<readonly string[]>;
  /** Sessions on disk, those that are in memory too counted. */
  readonly size: number;
  close(): Promise<void>;
}
