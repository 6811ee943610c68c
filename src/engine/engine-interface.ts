import type { Worker } from 'node:worker_threads';
import type { GenerationOptions } from '../decoding/generation.ts';
import type { DecodeOptions } from '../decoding/search.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import type { SequenceEvent } from './delivery.ts';
import type { NetworkInfo } from './network-info.ts';
import type { TickCounts } from './tick-counters.ts';

// What the engine is to everything above it.

export interface NetworkHandle {
  readonly id: number;
  readonly info: NetworkInfo;
}

/** What a network's owner may have counted. */
export interface Meter {
  /** Of batch-tally.ts. */
  readonly batches: SharedArrayBuffer;
  ended(sequence: { readonly queuedMs: number; readonly runMs: number }): void;
}

export interface SequenceRequest {
  readonly network: NetworkHandle;
  /** Ids [T], or features [T, inputWidth]; for a generation the prompt's ids, start id included. T ≥ 1. */
  readonly input: Int32Array | Float32Array;
  /** Outputs of the last step, or of every step. */
  readonly want: 'last' | 'every';
  readonly what: 'output' | 'hidden';
  readonly generation?: GenerationOptions | undefined;
  /** An encoder-decoder's search; `input` is then the source. */
  readonly decode?: DecodeOptions | undefined;
  /** On the clock of Date.now(). */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineStats extends TickCounts {
  readonly workers: number;
  readonly restarts: number;
  readonly networks: number;
  /** Sequences in line, and with a worker: in a slot, or next to get one. */
  readonly waiting: number;
  readonly running: number;
}

export interface Engine {
  /**
   * Packs, compiles and announces a network to every worker, and runs it once in each.
   * @throws UnrollError invalid_model, invalid_weights, out_of_memory
   */
  load(
    spec: NetworkSpec,
    weights: Weights,
    options?: {
      /** What it writes: the target's, of an encoder-decoder. */
      tokens?: readonly string[] | undefined;
      startId?: number | undefined;
      endId?: number | undefined;
      meter?: Meter | undefined;
    },
  ): Promise<NetworkHandle>;
  /** Frees its memory. Whatever still runs on it fails. */
  unload(handle: NetworkHandle): Promise<void>;
  /**
   * Queues a sequence at once; its events are read at leisure. Errors come with the first event asked for: overloaded,
   * input_mismatch, …, later deadline_exceeded, cancelled, internal. Leaving the loop early frees the slot.
   */
  submit(request: SequenceRequest): AsyncIterable<SequenceEvent>;
  readonly kernel: NetworkInfo['kernel'];
  stats(): EngineStats;
  /** Takes nothing new. Resolves when all has ended, or after `ms`. */
  drain(ms: number): Promise<void>;
  /** Ends the threads; what still runs fails with shutting_down. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly kernel: Kernel;
  /** Threads. */
  readonly workers: number;
  /** Rows of one network in one worker. */
  readonly slots: number;
  /** Sequences that may wait beyond those in slots. */
  readonly queue: number;
  /** Most steps of one sequence's input. */
  readonly maxSteps: number;
  /** Bytes of each message ring to and from a worker, a power of two. Small ones are for tests. */
  readonly ringBytes?: number | undefined;
  readonly hooks?: EngineHooks | undefined;
}

/** What others may want to know as it happens. */
export interface EngineHooks {
  readonly ended?: (sequence: { queuedMs: number; runMs: number; steps: number }) => void;
  readonly workerStarted?: (thread: Worker, index: number) => void;
  readonly workerDied?: (index: number, reason: string) => void;
  /** Something a log should hold. */
  readonly problem?: (what: string) => void;
}
