import type { Worker } from 'node:worker_threads';
import type { GenerationOptions } from '../decoding/generation.ts';
import type { DecodeOptions } from '../decoding/search.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import type { PackedTokens } from '../vocabulary/token-table.ts';
import type { SequenceEvent } from './delivery.ts';
import type { NetworkInfo } from './network-info.ts';
import type { Placement } from './placement.ts';
import type { TickCounts } from './worker/tick-counters.ts';

// What the engine is to everything above it.

export interface NetworkHandle {
  readonly id: number;
  readonly info: NetworkInfo;
}

/** What a network's owner may have counted. */
export interface Meter {
  /** Of batch-tally.ts. */
  readonly batches: SharedArrayBuffer;
  onSequenceEnd(sequence: { readonly queuedMs: number; readonly runMs: number }): void;
}

export interface SequenceRequest {
  readonly network: NetworkHandle;
  /** Ids [T], or features [T, inputWidth]; for a generation the prompt's ids, start id included. T ≥ 1. */
  readonly input: Int32Array | Float32Array;
  /** Outputs of the last step, or of every step. */
  readonly steps: 'last' | 'every';
  readonly output: 'output' | 'hidden';
  readonly generation?: GenerationOptions | undefined;
  /** An encoder-decoder's search; `input` is then the source. */
  readonly decode?: DecodeOptions | undefined;
  /** On the clock of performance.now(). */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The request it belongs to: what is admitted for one of its sequences is not refused for load to the next. */
  readonly group?: object | undefined;
}

export interface EngineStats extends TickCounts {
  readonly workers: number;
  readonly restarts: number;
  readonly networks: number;
  /** Sequences in the queues, and with a worker: in a slot, or next to get one. */
  readonly waiting: number;
  readonly running: number;
  /** Sequences whose reader is behind: they have no slot. */
  readonly paused: number;
  /** Sequences that are counted in one place and missing in another: must be 0. */
  readonly unreconciled: number;
  /** Estimated bytes of events that no reader has taken yet. */
  readonly unreadBytes: number;
}

export interface LoadOptions {
  /** What it writes: the target's, of an encoder-decoder. */
  readonly tokens?: PackedTokens | readonly string[] | undefined;
  readonly startId?: number | undefined;
  readonly endId?: number | undefined;
  readonly meter?: Meter | undefined;
}

export interface Engine {
  /**
   * Packs and compiles a network in this thread, which takes a while for a large one, and announces it.
   * @throws UnrollError invalid_model, invalid_weights, out_of_memory
   */
  load(spec: NetworkSpec, weights: Weights, options?: LoadOptions): Promise<NetworkHandle>;
  /**
   * Announces a network that was placed in the kernel's memory to every worker, and runs it once in each. Its memory is the
   * engine's from here on, also when this fails. @throws UnrollError invalid_model
   */
  register(placement: Placement, options?: LoadOptions): Promise<NetworkHandle>;
  /** Frees its memory. Whatever still runs on it fails. */
  unload(handle: NetworkHandle): Promise<void>;
  /**
   * Queues a sequence at once; its events are read at leisure. Errors come with the first event asked for: overloaded,
   * input_mismatch, …, later deadline_exceeded, cancelled, internal. Leaving the loop early frees the slot.
   */
  submit(request: SequenceRequest): AsyncIterable<SequenceEvent>;
  /** Asks whether the shortest sequence would be refused for want of room now. @throws UnrollError overloaded */
  checkCapacity(handle: NetworkHandle): void;
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
  /** Milliseconds that a sequence may be expected to take while most slots are taken; more is refused. No limit by default. */
  readonly maxExpectedMs?: number | undefined;
  /** Most steps of one sequence's input. */
  readonly maxSteps: number;
  /** Bytes of each message ring to and from a worker, a power of two. Small ones are for tests. */
  readonly ringBytes?: number | undefined;
  readonly hooks?: EngineHooks | undefined;
}

/** What others may want to know as it happens. */
export interface EngineHooks {
  readonly onSequenceEnd?: (sequence: { queuedMs: number; runMs: number; steps: number }) => void;
  readonly onWorkerStart?: (thread: Worker, index: number) => void;
  readonly onWorkerExit?: (index: number, reason: string) => void;
  /** Something a log should hold. */
  readonly onProblem?: (what: string) => void;
}
