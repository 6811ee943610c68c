import type { Aged, PageQuery } from './session-store.ts';
import type { Session } from './session.ts';

/** A session as it is kept on disk. */
export interface ArchivedSession {
  readonly session: Session;
  /** Milliseconds since 1970 after which it has expired. */
  readonly expiresAtMs: number;
}

/**
 * Sessions on disk, behind those in memory. Calls take effect in the order in which they are made. Errors of all:
 * sessions_unavailable.
 */
export interface SessionArchive {
  /**
   * Writes sessions, or replaces them: all or none. Resolves when they survive the end of this process.
   * @param flushed whether they survive a power cut, too
   */
  write(sessions: readonly ArchivedSession[], flushed: boolean): Promise<void>;
  /** @throws UnrollError invalid_state for a session that is damaged */
  read(id: string): Promise<ArchivedSession | null>;
  /** Whether there is such a session that has not expired. */
  has(id: string): Promise<boolean>;
  /** In the time of the next calls those removed are not there any more. */
  remove(ids: readonly string[]): Promise<void>;
  /** By their age, the newest first; without those that have expired or are damaged. */
  list(query: PageQuery, after: Aged | null): Promise<readonly Session[]>;
  /** Ids of expired sessions, the first that have expired. */
  listExpired(limit: number): Promise<readonly string[]>;
  /** Sessions on disk, those that are in memory too counted. */
  readonly size: number;
  /** Adds a listener that is called when sessions on disk were lost, so that those in memory are to be written. */
  onLoss(listener: () => void): void;
  close(): Promise<void>;
}
