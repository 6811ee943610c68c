import type { CompiledRecurrent } from '../recurrent/compiled.ts';
import type { OperatorGraphSpec } from './schema.ts';

// A compiled operator graph, as posted to a worker.

/** A product whose matrix is packed. */
export interface PackedProduct {
  readonly linear: string;
  readonly inner: number;
  readonly columns: number;
  readonly weight: number;
  /** Zeros: an operator after the product adds the bias. */
  readonly bias: number;
}

export interface PackedSweep {
  readonly inner: number;
  readonly directions: readonly CompiledRecurrent[];
}

export interface CompiledOperatorGraph {
  readonly kind: 'operator_graph';
  readonly layer: OperatorGraphSpec;
  /** Addresses of the constants that are tensors. */
  readonly constants: Readonly<Record<string, number>>;
  /** By the name of the operator's first output. */
  readonly products: Readonly<Record<string, PackedProduct>>;
  readonly sweeps: Readonly<Record<string, PackedSweep>>;
  /** float32 of a sequence's state: the states one after the other, then the context. */
  readonly stateFloats: number;
  /** Address of the state that a sequence starts from, null for zeros. */
  readonly start: number | null;
  /** float32 of scratch that products and sweeps need. */
  readonly scratchFloats: number;
}
