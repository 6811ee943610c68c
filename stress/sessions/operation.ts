import type { World } from './world.ts';
import type { Sequence } from './sequence.ts';

/** A snapshot file, and the sequences that it may be of. */
export interface TakenSnapshot {
  readonly bytes: Buffer;
  readonly sequences: readonly Sequence[];
}

/** A call to one session. */
export type Operation =
  | {
      readonly kind: 'steps';
      readonly rows: readonly (readonly number[])[];
      readonly position: number | undefined;
      readonly stream: boolean;
    }
  | { readonly kind: 'show' | 'snapshot' | 'fork' | 'delete' }
  | { readonly kind: 'mark' | 'unmark'; readonly name: string }
  | { readonly kind: 'rewind'; readonly to: { readonly mark: string } | { readonly steps: number } }
  | { readonly kind: 'restore'; readonly snapshot: TakenSnapshot }
  | { readonly kind: 'begin'; readonly durable: boolean; readonly keepSteps: number };

/** What came back; null where no whole reply did, so that the call may have run or not. */
export type Answer = {
  readonly status: number;
  /** Of an error. */
  readonly code: string | null;
  readonly body: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
} | null;

/** A call, its answer, and the worlds in which it may have found the session. */
export interface Call {
  readonly operation: Operation;
  readonly answer: Answer;
  readonly found: Set<World>;
}
