import type { CrfPotentials } from '../decoding/crf/potentials.ts';
import type { GraphPlacement } from '../engine/place-graph.ts';
import type { Placement, PlacementSizes } from '../engine/placement.ts';
import type { GraphSignature } from '../operators/signature.ts';
import type { ViewVerdict } from '../formats/view-verdicts.ts';
import type { ErrorCode } from '../errors.ts';
import type { KernelShare } from '../kernel/kernel.ts';
import type { Region } from '../kernel/memory.ts';
import type { ModelSpec, NumericInput } from '../network/spec.ts';
import type { TensorLookup } from '../vocabulary/tensor-lookup.ts';
import type { PackedTexts, TextSettings } from '../vocabulary/vocabulary.ts';

// Messages between the repository and its loader thread. They are small plain data: weights and vocabularies
// are in shared memory, so that the main thread neither copies nor builds anything that grows with a model.

/** A model.json without its token lists. */
export type ServedSpec = Omit<ModelSpec, 'inputs' | 'outputs'> & {
  readonly inputs: TextSettings | NumericInput;
  readonly outputs: Omit<ModelSpec['outputs'], 'vocabulary'> & {
    readonly vocabulary?: TextSettings | undefined;
  };
};

/** A model that is read, checked, packed and compiled, ready to be announced to the workers. */
export interface LoadedModel {
  /** Or why it runs on no sequences. */
  readonly sequence: LoadedSequence | string;
  /** Null unless it was imported with its graph, or where its layers give what the graph gives. */
  readonly graph: GraphPlacement | null;
  /** Of its file, where its layers give what its graph gives. */
  readonly signature: GraphSignature | null;
  /** Inputs of the graph, or of the signature, that are ids where the file has texts. */
  readonly lookups: readonly TensorLookup<PackedText>[];
  /** Of the import, for people. */
  readonly notes: readonly string[];
}

/** A vocabulary with its settings. */
export interface PackedText {
  readonly settings: TextSettings;
  readonly packed: PackedTexts;
}

/** What runs on sequences. */
export interface LoadedSequence {
  readonly spec: ServedSpec;
  /** The input vocabulary; null for numeric inputs. */
  readonly vocabulary: PackedTexts | null;
  /** The output vocabulary of the task decode; else null. */
  readonly target: PackedTexts | null;
  /** The CRF over the labels of the task tag; else null. */
  readonly chain: CrfPotentials | null;
  readonly placement: Placement;
  /** Of its layers and weights; see hash-network.ts. */
  readonly weightsHash: string;
}

export interface LoadRequest {
  /** The models folder and the version's folder in it. */
  readonly realRoot: string;
  readonly folder: string;
  /** The model's name, which its model.json must have too unless it may have any. */
  readonly name: string;
  readonly anyName?: boolean | undefined;
  /** The file of the folder to serve; else it is found. */
  readonly file?: string | undefined;
  /** Of files that were verified before. */
  readonly verdicts: ReadonlyMap<string, ViewVerdict>;
  readonly share: KernelShare;
  readonly sizes: PlacementSizes;
}

export type LoaderReply =
  /** A file was verified: sent before the result, which may be a failure. */
  | { readonly kind: 'verified'; readonly verdicts: ReadonlyMap<string, ViewVerdict> }
  /** Sent as soon as model.json is read, whether the rest succeeds or not. */
  | { readonly kind: 'described'; readonly task: ModelSpec['task'] }
  | { readonly kind: 'loaded'; readonly model: LoadedModel }
  /** `code` is null for an internal error; `message` is then its stack. */
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode | null;
      readonly message: string;
      readonly field: string | undefined;
    };

/** Sent over a separate port. The thread blocks for the reply to `reserve` and `share`; `free` has none. */
export type RegionRequest =
  | { readonly kind: 'reserve'; readonly bytes: number }
  /** Of a region that all who ask for its name share. */
  | { readonly kind: 'share'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'free'; readonly offset: number };
export type RegionReply = { readonly region: Region } | { readonly full: string };

export interface LoaderData {
  /** Whether the thread gives way to those that serve. */
  readonly background: boolean;
  readonly regions: import('node:worker_threads').MessagePort;
  /** Int32 [1], incremented when a reply has been posted to `regions`. */
  readonly replySignal: SharedArrayBuffer;
}
