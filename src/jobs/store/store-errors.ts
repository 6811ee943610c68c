import { UnrollError, type ErrorCode } from '../../errors.ts';

// What SQLite's primary result codes (sqlite.org/rescode.html) and the file system's mean for whoever asked.

const busy = new Set([5, 6]);
const full = 13;
const damaged = new Set([11, 26]);

/** SQLite's primary result code; null for other errors. */
function resultCode(error: unknown): number | null {
  const { errcode } = (error ?? {}) as { errcode?: number };
  return errcode === undefined ? null : errcode & 0xff;
}

/** Another connection holds the database. */
export const isBusy = (error: unknown): boolean => busy.has(resultCode(error) ?? 0);
/** The file is no database, or its pages contradict each other. */
export const isDamaged = (error: unknown): boolean => damaged.has(resultCode(error) ?? 0);

function isDiskFull(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT' || resultCode(error) === full;
}

/** @returns disk_full for what the file system or SQLite throws when there is no room */
export const toDiskFullError = (error: unknown): UnrollError | null =>
  isDiskFull(error)
    ? new UnrollError('disk_full', 'there is no room on the disk of UNROLL_DATA', { cause: error })
    : null;

export function toStoreError(error: unknown): { code: ErrorCode; message: string } {
  if (isDiskFull(error)) return { code: 'disk_full', message: 'there is no room on the disk of UNROLL_DATA' };
  if (isBusy(error)) return { code: 'training_unavailable', message: lockedReason };
  return { code: 'training_unavailable', message: `the training database failed: ${errorMessage(error)}` };
}

export const lockedReason = 'the training database is locked by another process';

export const errorMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
