import type { CellOptions } from '../cell-options.ts';
import { linear } from './linear.ts';

/** What every recurrent cell has: weights of G gates, each with `units` rows, as PyTorch lays them out. */
export interface CellWeights {
  /** [G·units, in] */
  readonly weightIh: ArrayLike<number>;
  /** [G·units, units] */
  readonly weightHh: ArrayLike<number>;
  /** [G·units] each */
  readonly biasIh: ArrayLike<number>;
  readonly biasHh: ArrayLike<number>;
  /** LSTM with peepholes: P of i, f, o [3·units] */
  readonly peephole?: ArrayLike<number>;
}

export interface CellState {
  readonly h: Float64Array;
  /** The LSTM's cell state; other cells leave it alone. */
  readonly c: Float64Array;
}

/** One step: x [in] and the state before → the state after; the usual cell unless options say otherwise. */
export type CellStep = (
  weights: CellWeights,
  x: ArrayLike<number>,
  state: CellState,
  options?: CellOptions,
) => CellState;

export const zeroState = (units: number): CellState => ({
  h: new Float64Array(units),
  c: new Float64Array(units),
});

/** W x + b of all gates. */
export const fromInput = (w: CellWeights, x: ArrayLike<number>): Float64Array =>
  linear(w.weightIh, x, w.biasIh);
/** R h + b of all gates. */
export const fromState = (w: CellWeights, h: ArrayLike<number>): Float64Array =>
  linear(w.weightHh, h, w.biasHh);
/** Gate number `gate` of a vector of gates. */
export const gateOf = (gates: Float64Array, gate: number, units: number): Float64Array =>
  gates.subarray(gate * units, (gate + 1) * units);
