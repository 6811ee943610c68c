/** The tensors of one recurrent cell with G gates, whose rows stand one gate after another. */
export interface CellWeights {
  /** [G·units, in] */
  weightIh: ArrayLike<number>;
  /** [G·units, units] */
  weightHh: ArrayLike<number>;
  /** [G·units]; zeros when left out */
  biasIh?: ArrayLike<number>;
  biasHh?: ArrayLike<number>;
  units: number;
}

/** Rows of gate number `gate` of a tensor that has `count` gates: a view where it can be one. */
export function gateRows(tensor: ArrayLike<number>, gate: number, count: number): Float64Array {
  const rows = tensor.length / count;
  const all = tensor instanceof Float64Array ? tensor : Float64Array.from(tensor);
  return all.subarray(gate * rows, (gate + 1) * rows);
}

/** A sequence for a cell. xs [T, in] */
export interface SequenceOptions extends CellWeights {
  xs: ArrayLike<number>;
  /** [units]; zeros when left out */
  h?: ArrayLike<number>;
  /** Reads the last step first. Row t of the result still belongs to row t of xs. */
  reverse?: boolean;
}

/**
 * Runs `step`, which turns an input row into the cell's new h, over every step of a sequence.
 * xs [T, width] → hs [T, units]
 */
export function overSequence(
  xs: ArrayLike<number>,
  width: number,
  units: number,
  reverse: boolean,
  step: (x: Float64Array) => Float64Array,
): Float64Array {
  const rows = Float64Array.from(xs);
  const steps = rows.length / width;
  const hs = new Float64Array(steps * units);
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i;
    hs.set(step(rows.subarray(t * width, (t + 1) * width)), t * units);
  }
  return hs;
}
