import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import { decodeSession, encodeSession } from '../session-bytes.ts';
import { expired, notFound, type HeldSession } from '../session-store.ts';
import type { SessionTally } from '../session-tally.ts';
import type { Session } from '../session.ts';
import type { SessionCommands } from './session-commands.ts';
import { toOwnId } from '../session-id.ts';

// One server at a time has a session: it holds a lease, renews it while the call runs, and gives it back. A
// server that dies loses it when the lease ends.

export interface LeaseOptions {
  readonly leaseMs: number;
  /** How long a call waits for one on another server. */
  readonly maxWaitMs: number;
  readonly tally: Pick<SessionTally, 'leaseConflicts'>;
}

/** Between two looks at a session that another server holds. */
const pollMs = 20;

/** @throws UnrollError session_not_found, session_expired, session_ending, session_busy, sessions_unavailable */
export async function acquireLease(
  { run }: SessionCommands,
  id: string,
  { leaseMs, maxWaitMs, tally }: LeaseOptions,
): Promise<HeldSession> {
  const untilMs = performance.now() + maxWaitMs;
  for (;;) {
    const [status, ...values] = (await run('sessionAcquire', id, leaseMs)) as [Buffer, ...Buffer[]];
    switch (status.toString()) {
      case 'missing':
        throw notFound(id);
      case 'expired':
        throw expired(id);
      case 'ending':
        throw new UnrollError('session_ending', `the session ${toOwnId(id)} is being deleted`);
      case 'leased': {
        const [fence, body] = values as unknown as [number, Buffer];
        return hold(decodeSession(body), String(fence));
      }
    }
    if (performance.now() >= untilMs)
      throw new UnrollError(
        'session_busy',
        `the session ${toOwnId(id)} has a call on another server, which did not end within ${maxWaitMs} ms`,
        { retryAfterSeconds: 1 },
      );
    await delay(pollMs);
  }

  function hold(leased: Session, fence: string): HeldSession {
    let session = leased;
    const renewing = setInterval(() => {
      // where it fails, the lease may end, and the next write be refused
      void run('sessionRenew', id, fence, leaseMs).catch(() => {});
    }, leaseMs / 3).unref();
    return {
      get session() {
        return session;
      },
      async save(next) {
        if ((await run('sessionSave', id, fence, encodeSession(next))) === 1) {
          session = next;
          return;
        }
        tally.leaseConflicts++;
        throw new UnrollError(
          'session_lost',
          `this server lost the session ${toOwnId(id)} to another one or to its deletion: the call has changed nothing`,
        );
      },
      release() {
        clearInterval(renewing);
        // where it fails, the lease ends by itself
        void run('sessionRelease', id, fence).catch(() => {});
      },
    };
  }
}
