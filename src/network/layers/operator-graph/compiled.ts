import type { CompiledRecurrent } from '../recurrent/compiled.ts';
import type { OperatorGraphSpec } from './schema.ts';

// A compiled operator graph, as posted to a worker.

/** A product whose matrix is packed. */
export interface PackedProduct {
  readonly linear: string;
  readonly inner: number;
  readonly columns: number;
  readonly weight: number;
  /** The operator's own bias where it is a constant for each column, else zeros. */
  readonly bias: number;
  readonly hasBias: boolean;
}

export interface PackedSweep {
  readonly inner: number;
  readonly directions: readonly CompiledRecurrent[];
}

/** What a graph's operators need of the shared memory. */
export interface PackedOperators {
  /** Addresses of the constants of floats that are not only multiplied with. */
  readonly constants: Readonly<Record<string, number>>;
  /** By the name of the operator's first output. */
  readonly products: Readonly<Record<string, PackedProduct>>;
  readonly sweeps: Readonly<Record<string, PackedSweep>>;
  /** Functions of operators that compute element by element. */
  readonly elementwise: Readonly<Record<string, string>>;
  /** float32 that products and sweeps need to work in. */
  readonly scratchFloats: number;
}

export interface CompiledOperatorGraph extends PackedOperators {
  readonly kind: 'operator_graph';
  readonly layer: OperatorGraphSpec;
  /** float32 of a sequence's state: the states one after the other, then the context. */
  readonly stateFloats: number;
  /** Address of the state that a sequence starts from, null for zeros. */
  readonly start: number | null;
}
