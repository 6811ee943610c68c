import type { ErrorCode } from '../../errors.ts';
import type { NetworkProgram } from '../../network/program.ts';
import type { Arena } from '../../network/layout.ts';
import type { DecodeOptions, Hypothesis } from '../../decoding/search.ts';
import type { DecoderSize } from '../../network/decoder-runner.ts';
import type { EmittedToken, GenerationOptions, GenerationSnapshot } from '../../decoding/generation.ts';
import type { PackedTokens } from '../../vocabulary/token-table.ts';
import type { ChannelMemory } from './channel.ts';

// Everything that the main thread and a worker say to each other. All of it is plain data.

/** Where a sequence stands that has left its slot before its end: enough to go on in any worker, with the same bits. */
export interface Resume {
  /** Steps run. */
  readonly step: number;
  /** Tokens emitted. */
  readonly tokens: number;
  readonly state: Float32Array;
  /** The id to feed next, once a generation is past its prompt. */
  readonly nextId: number | null;
  readonly generation: GenerationSnapshot | null;
  /** Milliseconds spent in slots. */
  readonly runMs: number;
}

export interface StartMessage {
  readonly kind: 'start';
  readonly sequence: number;
  readonly network: number;
  /** The steps that are still to be fed: ids, or features [steps, inputWidth]. Empty once a generation is past its prompt. */
  readonly input: Int32Array | Float32Array;
  readonly steps: 'last' | 'every';
  readonly output: 'output' | 'hidden';
  readonly generation: GenerationOptions | null;
  readonly decode: DecodeOptions | null;
  readonly resume: Resume | null;
  /** Bytes of reports that may be sent before more are granted, of flow-control.ts. */
  readonly windowBytes: number;
  /** What its reader was given before: tokens of a generation or a search, steps of anything else. Not sent again. */
  readonly alreadyDelivered: number;
}

/** Through the ring: what a request's latency depends on. */
export type ToWorker =
  | StartMessage
  | { readonly kind: 'cancel'; readonly sequence: number }
  /** Its reader has taken so many bytes. */
  | { readonly kind: 'grant'; readonly sequence: number; readonly bytes: number };

/** Through the port: rare, and with things in it that only the port can carry. */
export type Control =
  | {
      readonly kind: 'load';
      readonly network: number;
      readonly program: NetworkProgram;
      readonly arena: Arena;
      readonly size: { readonly maxRows: number; readonly maxPacked: number };
      readonly tokens: PackedTokens;
      readonly startId: number | undefined;
      readonly endId: number | undefined;
      /** Of an encoder-decoder. */
      readonly decoder: DecoderSize | null;
      /** Where its batches are counted. */
      readonly batches: SharedArrayBuffer | null;
      /** One BigInt64: the steps that all workers have run of it. */
      readonly stepsRun: SharedArrayBuffer;
    }
  | { readonly kind: 'unload'; readonly network: number };

export interface OutputsEvent {
  readonly kind: 'outputs';
  readonly first: number;
  readonly steps: number;
  readonly width: number;
  /** [steps, width] */
  readonly values: Float32Array;
}
export interface TokenEvent extends EmittedToken {
  readonly kind: 'token';
  readonly index: number;
}

/** What a search has found, best first. */
export interface DecodedEvent {
  readonly kind: 'decoded';
  readonly hypotheses: readonly Hypothesis[];
}

export type SequenceReport =
  | OutputsEvent
  | TokenEvent
  | {
      readonly kind: 'done';
      readonly finish: 'stop' | 'length' | null;
      readonly steps: number;
      readonly runMs: number;
    }
  | DecodedEvent
  /** It left its slot before its end. `resume` is null where it must begin again. */
  | { readonly kind: 'preempted'; readonly resume: Resume | null }
  /** `code` is internal unless it is the caller's doing. */
  | { readonly kind: 'failed'; readonly reason: string; readonly code?: ErrorCode };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loaded'; readonly network: number; readonly error: string | null }
  | { readonly kind: 'unloaded'; readonly network: number }
  /** What one tick gave, for all its sequences. */
  | {
      readonly kind: 'reports';
      readonly reports: readonly { readonly sequence: number; readonly report: SequenceReport }[];
    };

/** What a worker is born with. */
export interface WorkerData {
  readonly memory: WebAssembly.Memory;
  readonly channel: ChannelMemory;
  readonly counters: SharedArrayBuffer;
  readonly control: import('node:worker_threads').MessagePort;
}
