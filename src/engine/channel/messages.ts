import type { ErrorCode } from '../../errors.ts';
import type { CompiledNetwork } from '../../network/compile-network.ts';
import type { InsidePlan } from '../../network/inside.ts';
import type { Arena } from '../../network/layout.ts';
import type { DecodeOptions, Hypothesis } from '../../decoding/search.ts';
import type { DecoderSize } from '../../network/decoder-runner.ts';
import type { CompiledGraph } from '../../network/signed-graph/compiled-graph.ts';
import type { TensorValues } from '../../network/signed-graph/graph-evaluator.ts';
import type { EmittedToken, GenerationOptions, GenerationSnapshot } from '../../decoding/generation.ts';
import type { PackedTokens } from '../../vocabulary/token-table.ts';
import type { ChannelMemory } from './channel.ts';

// The messages between the main thread and a worker. All of them are plain data.

/** The state of a preempted sequence: enough to continue in any worker, with bit-identical outputs. */
export interface Resume {
  /** Steps run. */
  readonly step: number;
  /** Tokens emitted. */
  readonly tokens: number;
  readonly state: Float32Array;
  /** The id to feed next, for a generation whose prompt has been fed. */
  readonly nextId: number | null;
  /** The tokens that were generated and fed, where the final state is kept. */
  readonly fedIds: readonly number[];
  readonly generation: GenerationSnapshot | null;
  /** Milliseconds spent in slots. */
  readonly runMs: number;
}

/** The state of a sequence after its last step: enough to go on with more steps, with the same bits. */
export interface FinalState {
  /** [stateFloats] */
  readonly values: Float32Array;
  /** The token chosen last, which has not been fed; null where nothing was generated. */
  readonly nextId: number | null;
  /** The tokens that were generated and fed, in order. */
  readonly fedIds: readonly number[];
}

export interface StartMessage {
  readonly kind: 'start';
  readonly sequence: number;
  readonly network: number;
  /**
   * Steps not yet fed: ids [steps, idColumns], or features [steps, inputWidth]. Empty after a generation's
   * prompt.
   */
  readonly input: Int32Array | Float32Array;
  readonly steps: 'last' | 'every';
  readonly output: 'output' | 'hidden' | 'best';
  readonly generation: GenerationOptions | null;
  readonly decode: DecodeOptions | null;
  /** The state that it starts from; null for the network's initial one. */
  readonly from: Float32Array | null;
  /** Whether its last report has its final state. */
  readonly keepState: boolean;
  readonly resume: Resume | null;
  /** Bytes of reports that may be sent before more are granted; see flow-control.ts. */
  readonly windowBytes: number;
  /** Tokens (of a generation or a search) or steps that the reader has received; they are not sent again. */
  readonly alreadyDelivered: number;
  /** Undefined where no inside values are reported. */
  readonly inside?: InsideRequest | undefined;
}

/** Which inside values a sequence reports. */
export interface InsideRequest {
  readonly plan: InsidePlan;
  /** Steps whose values the reader has received; they are not sent again. */
  readonly delivered: number;
}

/** One evaluation of a graph. */
export interface EvaluateMessage {
  readonly kind: 'evaluate';
  readonly sequence: number;
  readonly network: number;
  /** In the order of the graph's signature. */
  readonly inputs: readonly TensorValues[];
  /** Places of the wanted outputs in the signature. */
  readonly outputs: readonly number[];
  /** Of all wanted outputs together. */
  readonly maxOutputElements: number;
}

/** Messages on the ring buffer: those on which a request's latency depends. */
export type ToWorker =
  | StartMessage
  | EvaluateMessage
  | { readonly kind: 'cancel'; readonly sequence: number }
  /** The reader has read so many bytes: the worker may send as many again. */
  | { readonly kind: 'grant'; readonly sequence: number; readonly bytes: number };

/** Messages on the control port: rare, with objects that only a port can transfer. */
export type Control =
  | {
      readonly kind: 'load';
      readonly network: number;
      readonly content: NetworkContent | GraphContent;
      readonly arena: Arena;
      /** The counts of its batches; see batch-tally.ts. */
      readonly batches: SharedArrayBuffer | null;
      /** One BigInt64: the steps of this network run by all workers. */
      readonly stepsRun: SharedArrayBuffer;
    }
  | { readonly kind: 'unload'; readonly network: number };

/** A network of layers, and what its decoding needs. */
export interface NetworkContent {
  readonly kind: 'network';
  readonly compiled: CompiledNetwork;
  readonly size: { readonly maxRows: number; readonly maxPacked: number };
  readonly tokens: PackedTokens;
  readonly startId: number | undefined;
  readonly endId: number | undefined;
  /** Null unless the network is an encoder-decoder. */
  readonly decoder: DecoderSize | null;
}
/** An imported graph that is evaluated as it is. */
export interface GraphContent {
  readonly kind: 'graph';
  readonly compiled: CompiledGraph;
}

export interface OutputsEvent {
  readonly kind: 'outputs';
  readonly first: number;
  readonly steps: number;
  readonly width: number;
  /** [steps, width] */
  readonly values: Float32Array;
}
/** Inside values of some steps; they precede the outputs or tokens of those steps. */
export interface InsideEvent {
  readonly kind: 'inside';
  readonly first: number;
  readonly steps: number;
  readonly width: number;
  /** [steps, width], a row as the sequence's plan lays it out */
  readonly values: Float32Array;
}
export interface TokenEvent extends EmittedToken {
  readonly kind: 'token';
  readonly index: number;
}
/** Tokens of a generation of which only the text is wanted. */
export interface TextEvent {
  readonly kind: 'text';
  /** Of the first token. */
  readonly index: number;
  readonly tokens: number;
  readonly text: string;
}

/** The result of a search, best hypothesis first. */
export interface DecodedEvent {
  readonly kind: 'decoded';
  readonly hypotheses: readonly Hypothesis[];
}

/** The outputs of a graph's evaluation. */
export interface TensorsEvent {
  readonly kind: 'tensors';
  readonly tensors: readonly TensorValues[];
}

export type SequenceReport =
  | OutputsEvent
  | InsideEvent
  | TokenEvent
  | TextEvent
  | TensorsEvent
  | {
      readonly kind: 'done';
      readonly finish: 'stop' | 'length' | null;
      readonly steps: number;
      readonly runMs: number;
      readonly state: FinalState | null;
    }
  | DecodedEvent
  /**
   * The sequence left its slot before its end. `resume` is null if it must start again from its first step.
   */
  | { readonly kind: 'preempted'; readonly resume: Resume | null }
  /** `code` is `internal` unless the caller's input is the cause. */
  | { readonly kind: 'failed'; readonly reason: string; readonly code?: ErrorCode };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loaded'; readonly network: number; readonly error: string | null }
  | { readonly kind: 'unloaded'; readonly network: number }
  /** The reports of one tick, for all its sequences. */
  | {
      readonly kind: 'reports';
      readonly reports: readonly { readonly sequence: number; readonly report: SequenceReport }[];
    };

/** The `workerData` passed to each worker thread. */
export interface WorkerData {
  readonly memory: WebAssembly.Memory;
  readonly channel: ChannelMemory;
  readonly counters: SharedArrayBuffer;
  readonly control: import('node:worker_threads').MessagePort;
}
