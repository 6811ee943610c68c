import { UnrollError } from '../errors.ts';
import type { Lease, Repository, ServedModel } from '../repository/repository-interface.ts';
import type { Session } from './session.ts';

/** Keeps the versions loaded that sessions use: until the last of them has expired. */
export interface VersionKeeper {
  /**
   * The model of a session, for one call.
   * @throws UnrollError session_conflict where the version is gone or has other weights; model_not_ready
   */
  use(session: Pick<Session, 'model' | 'version' | 'weightsHash' | 'ttlMs'>): {
    readonly model: ServedModel;
    done(): void;
  };
  /** Lets go of versions that no session uses any more. */
  sweep(): void;
  close(): void;
}

interface Kept {
  readonly lease: Lease;
  readonly model: ServedModel;
  calls: number;
  /** Milliseconds on the clock of performance.now(). */
  untilMs: number;
}

export function createVersionKeeper(repository: Pick<Repository, 'acquire'>): VersionKeeper {
  const versions = new Map<string, Kept>();

  function acquire(model: string, version: number, weightsHash: string): Kept {
    let lease: Lease;
    try {
      lease = repository.acquire(`${model}@${version}`);
    } catch (error) {
      if (!(error instanceof UnrollError) || error.code !== 'model_not_found') throw error;
      throw new UnrollError('session_conflict', `the version ${model}@${version} of this session is gone`);
    }
    const { model: served } = lease;
    if (served.spec !== null && served.weightsHash === weightsHash)
      return { lease, model: served, calls: 0, untilMs: 0 };
    lease.release();
    throw new UnrollError(
      'session_conflict',
      `${model}@${version} has other weights now than this session's state was computed with`,
    );
  }

  return {
    use({ model, version, weightsHash, ttlMs }) {
      const key = `${model}@${version} ${weightsHash}`;
      const kept = versions.get(key) ?? acquire(model, version, weightsHash);
      versions.set(key, kept);
      kept.calls++;
      return {
        model: kept.model,
        done() {
          kept.calls--;
          kept.untilMs = Math.max(kept.untilMs, performance.now() + ttlMs);
        },
      };
    },
    sweep() {
      const now = performance.now();
      for (const [key, { lease, calls, untilMs }] of versions)
        if (calls === 0 && untilMs < now) {
          versions.delete(key);
          lease.release();
        }
    },
    close() {
      for (const { lease } of versions.values()) lease.release();
      versions.clear();
    },
  };
}
