// Options of a recurrent cell beyond its equations: ONNX's attributes of RNN, GRU and LSTM, which include
// Keras's.

/** Parameters that each activation has, with ONNX's defaults; null where ONNX has none. */
export const activationParameters = {
  relu: {},
  tanh: {},
  sigmoid: {},
  softsign: {},
  softplus: {},
  /** alpha·x + beta */
  affine: { alpha: 1, beta: 0 },
  /** x where x ≥ 0, else alpha·x */
  leaky_relu: { alpha: 0.01 },
  /** x where x > alpha, else 0 */
  thresholded_relu: { alpha: 1 },
  /** alpha·tanh(beta·x) */
  scaled_tanh: { alpha: null, beta: null },
  /** alpha·x + beta, clamped to [0, 1] */
  hard_sigmoid: { alpha: 0.2, beta: 0.5 },
  /** x where x ≥ 0, else alpha·(exp x − 1) */
  elu: { alpha: 1 },
} as const satisfies Record<string, { readonly alpha?: number | null; readonly beta?: number | null }>;

export type CellActivationType = keyof typeof activationParameters;
export interface CellActivation {
  readonly type: CellActivationType;
  /** 0 where the activation has none. */
  readonly alpha: number;
  readonly beta: number;
}

export interface CellOptions {
  /** Of gates. */
  readonly gate: CellActivation;
  /** Of candidates: an LSTM's g, a GRU's n, a plain cell's h. */
  readonly candidate: CellActivation;
  /** Of c before the output gate. */
  readonly output: CellActivation;
  /**
   * Sums of gates and candidates are clipped to ± this before their activation; c is not, as in onnxruntime.
   */
  readonly clip: number | null;
  /** f = 1 − i. */
  readonly inputForget: boolean;
  /** Gates see c through a weight a unit (Gers and Schmidhuber 2000). */
  readonly peepholes: boolean;
}

export const plainActivation = (type: CellActivationType): CellActivation => ({ type, alpha: 0, beta: 0 });

/** The cells as they were published. */
export const usualOptions: CellOptions = {
  gate: plainActivation('sigmoid'),
  candidate: plainActivation('tanh'),
  output: plainActivation('tanh'),
  clip: null,
  inputForget: false,
  peepholes: false,
};

/** An activation's name and parameters. */
export const activationLabel = ({ type, alpha, beta }: CellActivation): string =>
  [
    type,
    ...('alpha' in activationParameters[type] ? [alpha] : []),
    ...('beta' in activationParameters[type] ? [beta] : []),
  ].join(':');

/**
 * Part of an emitted function's name: all that the code depends on besides the cell, '' for the usual
 * options.
 */
export function optionsLabel(options: CellOptions): string {
  const unusual = (['gate', 'candidate', 'output'] as const)
    .filter((part) => activationLabel(options[part]) !== activationLabel(usualOptions[part]))
    .map((part) => `_${part}=${activationLabel(options[part])}`);
  return [
    ...unusual,
    ...(options.clip === null ? [] : [`_clip=${options.clip}`]),
    ...(options.inputForget ? ['_input_forget'] : []),
    ...(options.peepholes ? ['_peepholes'] : []),
  ].join('');
}
