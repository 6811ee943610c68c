import { UnrollError, type ErrorCode } from '../errors.ts';

// Maps SQLite's primary result codes (sqlite.org/rescode.html) and file system errors to error codes.

const busyCodes = new Set([5, 6]);
const fullCode = 13;
const damagedCodes = new Set([11, 26]);

/** SQLite's primary result code; null for other errors. */
function resultCode(error: unknown): number | null {
  const { errcode } = (error ?? {}) as { errcode?: number };
  return errcode === undefined ? null : errcode & 0xff;
}

/** Whether another connection has locked the database. */
export const isBusy = (error: unknown): boolean => busyCodes.has(resultCode(error) ?? 0);
/** Whether the file is not a database, or is corrupt. */
export const isDamaged = (error: unknown): boolean => damagedCodes.has(resultCode(error) ?? 0);

function isDiskFull(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT' || resultCode(error) === fullCode;
}

const diskFullReason = 'the disk of UNROLL_DATA is full';

/** @returns disk_full if the file system or SQLite threw `error` because the disk is full, else null */
export const toDiskFullError = (error: unknown): UnrollError | null =>
  isDiskFull(error) ? new UnrollError('disk_full', diskFullReason, { cause: error }) : null;

/** What a call of a database fails with. @param name "the training database" */
export function describeError(
  error: unknown,
  {
    name,
    code,
    diskFullCode,
  }: { readonly name: string; readonly code: ErrorCode; readonly diskFullCode: ErrorCode },
): { code: ErrorCode; message: string } {
  if (isDiskFull(error)) return { code: diskFullCode, message: diskFullReason };
  if (isBusy(error)) return { code, message: `${name} is locked by another process` };
  return { code, message: `${name} failed: ${errorMessage(error)}` };
}

export const errorMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
