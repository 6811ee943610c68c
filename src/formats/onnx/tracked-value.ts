import type { Tensor } from '../../network/weights.ts';

// What is known of a tensor of an ONNX graph during conversion: constant numbers, or the rows of a converted
// layer, whose axes are identified by the recurrent operators that use them.

/** An axis, shared by all tensors that have it. Its role is null until an operator determines it. */
export interface Axis {
  role: 'time' | 'batch' | 'directions' | 'features' | 'one' | null;
  /** The number of directions. */
  readonly size?: number;
}

/** The output rows of a layer. */
export interface Rows {
  readonly kind: 'rows';
  /** In the order of the tensor. */
  readonly axes: readonly Axis[];
  /** Name of the layer that produces them; `input` for the network's input. */
  readonly layer: string;
  /** Features of a row, of one direction while the directions are a separate axis. */
  readonly width: number;
  /** For a recurrent operator's last rows (Y_h, Y_c): which state they are. */
  readonly end: 'hidden' | 'cell' | null;
  /** For last rows: whether the operator's rows of every step (Y) are used, too. */
  readonly stepsRead?: boolean;
}

export type TrackedValue =
  | Rows
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  /** A tensor of any shape filled with one number. */
  | { readonly kind: 'fill'; readonly value: number }
  /** The shape of a tensor, and values computed from it. */
  | { readonly kind: 'shape' }
  /** A graph input that is a recurrent operator's initial state. */
  | { readonly kind: 'state' };

export const createAxis = (role: Axis['role'], size?: number): Axis => ({
  role,
  ...(size !== undefined && { size }),
});
