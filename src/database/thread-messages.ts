import type { ErrorCode } from '../errors.ts';

// Messages between the main thread and a database thread. Plain data.

export interface DatabaseCall {
  readonly kind: 'call';
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly unknown[];
  /** Time limit in milliseconds of the monotonic clock; null waits without a limit. */
  readonly deadline: number | null;
}
export type ToDatabaseThread = DatabaseCall | { readonly kind: 'close' };

export type FromDatabaseThread =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'state'; readonly state: DatabaseState }
  | { readonly kind: 'notice'; readonly level: 'info' | 'warn' | 'error'; readonly message: string }
  | { readonly kind: 'closed' };

export type DatabaseState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Milliseconds of the monotonic clock, which all threads of a process share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);
