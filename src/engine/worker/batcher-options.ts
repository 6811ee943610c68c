export interface BatcherOptions {
  /** Milliseconds. */
  readonly now: () => number;
  /** Steps after which a row makes way for one that waits. */
  readonly quantumSteps: number;
  /** Most steps of one row in a tick, and when a row of the batch is generating. */
  readonly maxChunkSteps: number;
  readonly maxGeneratingChunkSteps: number;
  /** What a tick should take at most, in milliseconds: nobody waits longer for a row, or to be let go. */
  readonly targetTickMs: number;
  /** Milliseconds that a row may rest for its reader while another sequence waits for a row. */
  readonly maxStallMs: number;
}

export const batcherDefaults = {
  quantumSteps: 128,
  maxChunkSteps: 64,
  maxGeneratingChunkSteps: 8,
  targetTickMs: 4,
  maxStallMs: 20,
} as const;
