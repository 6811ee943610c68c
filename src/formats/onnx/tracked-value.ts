import type { Tensor } from '../../network/weights.ts';

// What a tensor of an ONNX graph is to us, before anything runs: numbers that are known, or the rows of one of our layers, whose axes
// we can tell apart by what the recurrent operators say of them.

/** One axis, shared by all tensors that have it: the first operator that knows says what it is. */
export interface Axis {
  role: 'time' | 'batch' | 'directions' | 'features' | 'one' | null;
  /** Of directions. */
  readonly size?: number;
}

export interface Rows {
  readonly kind: 'rows';
  /** In the order of the tensor. */
  readonly axes: readonly Axis[];
  /** The layer of ours that gives them; `input` is the network's. */
  readonly layer: string;
  /** Features of a row: of one direction while directions are an axis of their own. */
  readonly width: number;
  /** A recurrent operator's last rows (Y_h, Y_c): the layer's, seen at its end. */
  readonly end: 'hidden' | 'cell' | null;
  /** Of last rows: whether anything reads the operator's rows of every step (Y), too. */
  readonly stepsRead?: boolean;
}

export type TrackedValue =
  | Rows
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  /** A tensor of one number throughout, of whatever shape. */
  | { readonly kind: 'fill'; readonly value: number }
  /** Sizes of a tensor, and what is computed from them. */
  | { readonly kind: 'shape' }
  /** A graph input that a recurrent operator starts from. */
  | { readonly kind: 'state' };

export const createAxis = (role: Axis['role'], size?: number): Axis => ({
  role,
  ...(size !== undefined && { size }),
});
