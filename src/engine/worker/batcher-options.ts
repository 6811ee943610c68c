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
  /** The same of few whole sequences, which take longer one by one, while no other network of the worker has work. */
  readonly maxWholeTickMs: number;
  /** Milliseconds that a row may be stalled by its reader while another sequence is queued. */
  readonly maxStallMs: number;
}

export const batcherDefaults = {
  quantumSteps: 128,
  maxChunkSteps: 64,
  maxGeneratingChunkSteps: 8,
  targetTickMs: 4,
  maxWholeTickMs: 24,
  maxStallMs: 20,
} as const;
