export interface BatcherOptions {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Steps after which a row may be preempted for a queued sequence. */
  readonly quantumSteps: number;
  /** Maximum steps of one row in a tick. */
  readonly maxChunkSteps: number;
  /** The same while a row of the batch generates, which runs one step a tick. */
  readonly maxGeneratingChunkSteps: number;
  /** Target duration of a tick in milliseconds: bounds the wait for a row and for a cancellation. */
  readonly targetTickMs: number;
  /** Milliseconds that a row may be stalled by its reader while another sequence is queued. */
  readonly maxStallMs: number;
}

export const batcherDefaults = {
  quantumSteps: 128,
  maxChunkSteps: 64,
  maxGeneratingChunkSteps: 8,
  targetTickMs: 4,
  maxStallMs: 20,
} as const;
