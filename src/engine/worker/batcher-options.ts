export interface BatcherOptions {
  /** Milliseconds. */
  readonly now: () => number;
  /** Steps after which a row makes way for one that waits. */
  readonly quantum: number;
  /** Most steps of one row in a tick, and when a row of the batch is generating. */
  readonly longestChunk: number;
  readonly generatingChunk: number;
  /** What a tick should take at most, in milliseconds: nobody waits longer for a row, or to be let go. */
  readonly tickMs: number;
  /** Milliseconds that a row may rest for its reader while another sequence waits for a row. */
  readonly restMs: number;
}

export const batcherDefaults = {
  quantum: 128,
  longestChunk: 64,
  generatingChunk: 8,
  tickMs: 4,
  restMs: 20,
} as const;
