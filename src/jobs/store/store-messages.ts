import type { ErrorCode } from '../../errors.ts';
import type { JobStoreCalls, StoreState } from './store.ts';

// Messages between the main thread and the database thread. Plain data.

export interface StoreThreadData {
  /** UNROLL_DATA */
  readonly folder: string;
  /** Opens the database without locking or writing, for a server that does not train. */
  readonly readOnly: boolean;
}

export interface StoreCall {
  readonly kind: 'call';
  readonly id: number;
  readonly name: keyof JobStoreCalls;
  readonly parameters: readonly unknown[];
  /** Time limit in milliseconds of the monotonic clock; null waits without a limit. */
  readonly deadline: number | null;
}
export type ToStoreThread = StoreCall | { readonly kind: 'close' };

export type FromStoreThread =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'state'; readonly state: StoreState }
  | { readonly kind: 'notice'; readonly level: 'info' | 'warn' | 'error'; readonly message: string }
  | { readonly kind: 'closed' };

/** Milliseconds of the monotonic clock, which all threads of a process share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);
