// The operations that a cell's equations are written in, over vectors of `units` numbers.

export interface StepState<V> {
  readonly h: V;
  /** Cells without it hand it on as it is. */
  readonly c: V;
}

export interface StepMath<V> {
  /** Whether f = 1 − i is asked of a cell whose forget gate is its own. */
  readonly inputForget: boolean;
  /** W x + b of a gate. */
  readonly input: (gate: string) => V;
  /** R operand + b' of a gate. */
  readonly product: (gate: string, operand: V) => V;
  /** W x + b + R operand + b' of a gate. */
  readonly sum: (gate: string, operand: V) => V;
  /** sum + P·c where the layer has peepholes, else the sum. */
  readonly peephole: (gate: string, sum: V, c: V) => V;
  /** The layer's activations; sums of gates and candidates are clipped first, where it has a clip. */
  readonly gate: (sum: V) => V;
  readonly candidate: (sum: V) => V;
  readonly output: (value: V) => V;
  readonly add: (a: V, b: V) => V;
  readonly mul: (a: V, b: V) => V;
  /** 1 − x */
  readonly complement: (x: V) => V;
}
