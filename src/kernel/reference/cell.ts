import { sigmoid, tanh } from './activations.ts';
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
}

export interface CellState {
  readonly h: Float64Array;
  /** The LSTM's cell state; other cells leave it alone. */
  readonly c: Float64Array;
}

/** The nonlinearity of the gates, and that of the candidate and the output. */
export interface CellActivations {
  readonly gate: (x: number) => number;
  readonly value: (x: number) => number;
}
export const usualActivations: CellActivations = { gate: sigmoid, value: tanh };

/** One step: x [in] and the state before → the state after. */
export type CellStep = (
  weights: CellWeights,
  x: ArrayLike<number>,
  state: CellState,
  activations?: CellActivations,
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
