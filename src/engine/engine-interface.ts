import type { Worker } from 'node:worker_threads';
import type { GenerationOptions } from '../decoding/generation.ts';
import type { DecodeOptions } from '../decoding/search.ts';
import type { UnrollError } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { InsidePlan } from '../network/inside.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import type { PackedTokens } from '../vocabulary/token-table.ts';
import type { GraphSignature } from '../operators/signature.ts';
import type { EvaluateMessage } from './channel/messages.ts';
import type { DoneEvent, SequenceEvent } from './delivery.ts';
import type { EventSource } from './event-source.ts';
import type { NetworkInfo } from './network-info.ts';
import type { GraphPlacement } from './place-graph.ts';
import type { Placement } from './placement.ts';
import type { TickCounts } from './worker/tick-counters.ts';

// The engine's interface for the layers above it.

/** A loaded network. */
export interface NetworkHandle {
  readonly id: number;
  readonly info: NetworkInfo;
  /** Throws UnrollError input_mismatch for a number of steps that it does not support; null if it supports every one. */
  readonly checkLength: ((steps: number) => void) | null;
}

/** Counters of a network, kept by its owner. */
export interface Meter {
  /** Created by createBatchTally. */
  readonly batches: SharedArrayBuffer;
  onSequenceEnd(sequence: {
    readonly queuedMs: number;
    readonly runMs: number;
    readonly steps: number;
  }): void;
}

/** A loaded graph, which is evaluated as it is. */
export interface GraphHandle {
  readonly id: number;
  readonly signature: GraphSignature;
  /** Bytes of its constants. */
  readonly weightBytes: number;
  /** The code path that its kernels use. */
  readonly kernel: NetworkInfo['kernel'];
}

/** When a request ends, and the request of the API that it is a part of. */
interface RequestLimits {
  /** Milliseconds on the clock of performance.now(). */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * Identifies the API request: once one of its sequences is admitted, the next are not rejected for load.
   */
  readonly group?: object | undefined;
  /** Called when it has ended well. */
  readonly onEnd?:
    | ((end: { readonly steps: number; readonly queuedMs: number; readonly runMs: number }) => void)
    | undefined;
  /** Among the sequences that wait: 1 goes before 0, the default, and 0 before all others. */
  readonly priority?: number | undefined;
}

/** One evaluation of a graph. */
export interface EvaluationRequest
  extends RequestLimits, Pick<EvaluateMessage, 'inputs' | 'outputs' | 'maxOutputElements'> {
  readonly network: GraphHandle;
}

/** One sequence to run. */
export interface SequenceRequest extends RequestLimits {
  readonly network: NetworkHandle;
  /** Ids [T], or features [T, inputWidth]; for a generation the prompt's ids, start id included. T ≥ 1. */
  readonly input: Int32Array | Float32Array;
  /** The steps whose outputs are returned. */
  readonly steps: 'last' | 'every';
  /**
   * The network's output; the state of its last recurrent layer; or of each output the index of the largest number and
   * that number, which is all that a label needs.
   */
  readonly output: 'output' | 'hidden' | 'best';
  readonly generation?: GenerationOptions | undefined;
  /** The state to start from [stateFloats], by default the network's initial one. */
  readonly from?: Float32Array | undefined;
  /** Whether the last event has the state after the last step. */
  readonly keepState?: boolean | undefined;
  /** An encoder-decoder's search; `input` is then the source. */
  readonly decode?: DecodeOptions | undefined;
  /** Inside values to report of every step, of a network that is no encoder-decoder. */
  readonly inside?: InsidePlan | undefined;
  /** Makes the last event that is delivered, of that which it would be. */
  readonly finish?: ((event: DoneEvent) => DoneEvent) | undefined;
}

export interface EngineStats extends TickCounts {
  readonly workers: number;
  readonly restarts: number;
  readonly networks: number;
  /** Sequences in the queues. */
  readonly waiting: number;
  /** Sequences at a worker: in a slot, or in its queue. */
  readonly running: number;
  /** Sequences without a slot because their reader is behind. */
  readonly paused: number;
  /** Sequences that the engine and the dispatcher count differently: must be 0. */
  readonly unreconciled: number;
  /** Estimated bytes of events that have not been read. */
  readonly unreadBytes: number;
}

export interface LoadOptions {
  /** Tokens that the network emits: of an encoder-decoder, those of the target. */
  readonly tokens?: PackedTokens | readonly string[] | undefined;
  readonly startId?: number | undefined;
  readonly endId?: number | undefined;
  readonly meter?: Meter | undefined;
}

export interface Engine {
  /**
   * Packs and compiles a network in this thread, which blocks it for a large network, and registers it.
   * @throws UnrollError invalid_model, invalid_weights, out_of_memory
   */
  load(spec: NetworkSpec, weights: Weights, options?: LoadOptions): Promise<NetworkHandle>;
  /**
   * Loads a network that was placed in the kernel's memory in every worker, and runs it once in each. The
   * engine owns its memory from here on, also when this fails. @throws UnrollError invalid_model when a
   * worker cannot load it
   */
  register(placement: Placement, options?: LoadOptions): Promise<NetworkHandle>;
  /** Loads a graph in every worker, as `register` does a network. */
  registerGraph(placement: GraphPlacement, options?: Pick<LoadOptions, 'meter'>): Promise<GraphHandle>;
  /** Unloads a network or graph and frees its memory. Its sequences fail with model_not_ready. */
  unload(handle: Pick<NetworkHandle, 'id'>): Promise<void>;
  /**
   * Queues a sequence and returns its events. The first read throws overloaded, input_mismatch and other
   * errors of the request; later reads throw deadline_exceeded, cancelled or internal. Ending the iteration
   * early frees the slot.
   */
  submit(request: SequenceRequest | EvaluationRequest): EventSource<SequenceEvent>;
  /**
   * Whether a sequence of which nothing is known yet would be admitted now.
   * @returns null, or the error overloaded with its reason and the time after which to retry
   */
  findOverload(handle: Pick<NetworkHandle, 'id'>): UnrollError | null;
  readonly kernel: NetworkInfo['kernel'];
  stats(): EngineStats;
  /** Rejects new sequences. Resolves when all have ended, or after `ms`. */
  drain(ms: number): Promise<void>;
  /** Terminates the threads; running sequences fail with shutting_down. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly kernel: Kernel;
  /** Number of worker threads. */
  readonly workers: number;
  /** Rows of one network in one worker. */
  readonly slots: number;
  /** Maximum sequences that wait besides those in slots. */
  readonly queue: number;
  /** Maximum expected milliseconds of a sequence while most slots are in use. No limit by default. */
  readonly maxExpectedMs?: number | undefined;
  /** Maximum steps of one sequence's input. */
  readonly maxSteps: number;
  /** Bytes of each ring buffer to and from a worker, a power of two. Tests use small ones. */
  readonly ringBytes?: number | undefined;
  readonly hooks?: EngineHooks | undefined;
}

/** Callbacks for metrics, logs and tests. */
export interface EngineHooks {
  readonly onSequenceEnd?: (sequence: { queuedMs: number; runMs: number; steps: number }) => void;
  readonly onWorkerStart?: (thread: Worker, index: number) => void;
  readonly onWorkerExit?: (index: number, reason: string) => void;
  /** A fault to be logged. */
  readonly onProblem?: (description: string) => void;
}
