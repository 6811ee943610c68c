// What the backward passes of the cells share, in float64.

/** Gradients of a cell's weights, summed over steps; laid out as the weights are. */
export interface CellGradient {
  readonly weightIh: Float64Array;
  readonly weightHh: Float64Array;
  readonly biasIh: Float64Array;
  readonly biasHh: Float64Array;
}

/** ∂L of a state. */
export interface StateGradient {
  readonly h: Float64Array;
  readonly c: Float64Array;
}

/** ∂L of what a step read. */
export interface StepGradient extends StateGradient {
  readonly x: Float64Array;
}

/**
 * y = W x + b backwards: dW += dy·xᵀ, db += dy, and Wᵀ·dy comes back. W [out, in]  x [in]  dy [out] → [in]
 */
export function linearBackward(
  w: ArrayLike<number>,
  x: ArrayLike<number>,
  dy: Float64Array,
  dW: Float64Array,
  db: Float64Array,
): Float64Array {
  const inner = x.length;
  const dx = new Float64Array(inner);
  dy.forEach((slope, row) => {
    db[row] = db[row]! + slope;
    for (let k = 0; k < inner; k++) {
      dW[row * inner + k] = dW[row * inner + k]! + slope * x[k]!;
      dx[k] = dx[k]! + slope * w[row * inner + k]!;
    }
  });
  return dx;
}
