import type { CrfPotentials } from '../decoding/crf/potentials.ts';
import type { Placement, PlacementSizes } from '../engine/placement.ts';
import type { ErrorCode } from '../errors.ts';
import type { KernelShare } from '../kernel/kernel.ts';
import type { Region } from '../kernel/memory.ts';
import type { ModelSpec, NumericInput } from '../network/spec.ts';
import type { PackedTexts, TextSettings } from '../vocabulary/vocabulary.ts';

// What the repository and its loader thread tell each other. Plain data, and small: weights and vocabularies are in shared
// memory, so that the main thread neither copies nor builds anything that grows with a model.

/** A model.json without its lists of tokens. */
export type ServedSpec = Omit<ModelSpec, 'inputs' | 'outputs'> & {
  readonly inputs: TextSettings | NumericInput;
  readonly outputs: Omit<ModelSpec['outputs'], 'vocabulary'> & {
    readonly vocabulary?: TextSettings | undefined;
  };
};

/** A model read, checked, packed and compiled: what is left to do is to announce it to the workers. */
export interface LoadedModel {
  readonly spec: ServedSpec;
  /** Texts of the input, null where it is numeric. */
  readonly vocabulary: PackedTexts | null;
  /** decode: texts of what it writes; else null. */
  readonly target: PackedTexts | null;
  readonly chain: CrfPotentials | null;
  readonly placement: Placement;
}

export interface LoadRequest {
  /** The models folder and the version's folder in it. */
  readonly realRoot: string;
  readonly folder: string;
  /** The model's name: its model.json must have the same. */
  readonly name: string;
  readonly share: KernelShare;
  readonly sizes: PlacementSizes;
}

export type LoaderReply =
  /** As soon as model.json is read, whatever becomes of the rest. */
  | { readonly kind: 'described'; readonly task: ModelSpec['task'] }
  | { readonly kind: 'loaded'; readonly model: LoadedModel }
  /** `code` is null for what is no fault of the model's; `message` then has the stack. */
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode | null;
      readonly message: string;
      readonly field: string | undefined;
    };

/** Over a port of its own. The thread waits for the answer to `reserve`, and nothing else. */
export type RegionRequest =
  { readonly kind: 'reserve'; readonly bytes: number } | { readonly kind: 'free'; readonly offset: number };
export type RegionReply = { readonly region: Region } | { readonly full: string };

export interface LoaderData {
  readonly regions: import('node:worker_threads').MessagePort;
  /** Int32 [1], raised when an answer has been posted to `regions`. */
  readonly replySignal: SharedArrayBuffer;
}
