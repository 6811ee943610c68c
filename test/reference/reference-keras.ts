// Keras' recurrent layers with masks in float64, as its documentation has them: a step that is masked leaves the
// state as it is, and its row is the row computed before, or zeros. Written beside Keras' K.rnn, not beside our code.

export type Rows = readonly (readonly number[])[];
/** kernel [in][G·units], recurrent [units][G·units], bias [G·units], or [2][3·units] of a GRU with reset_after. */
export interface CellWeights {
  readonly kernel: Rows;
  readonly recurrent: Rows;
  readonly bias: readonly number[] | Rows;
}
export type CellKind = 'LSTM' | 'GRU' | 'SimpleRNN';
/** h, and c of an LSTM. */
type State = readonly (readonly number[])[];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** x [in] · W [in][out] */
const times = (x: readonly number[], w: Rows): number[] =>
  w[0]!.map((_, column) => x.reduce((sum, value, row) => sum + value * w[row]![column]!, 0));
const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value + b[i]!);

/** One step of a cell: keras/src/layers/rnn/{lstm,gru,simple_rnn}.py, `call`. */
function stepCell(
  kind: CellKind,
  { kernel, recurrent, bias }: CellWeights,
  x: readonly number[],
  [h, c]: State,
): State {
  const units = recurrent.length;
  const part = (values: readonly number[], gate: number): number[] =>
    values.slice(gate * units, (gate + 1) * units);
  if (kind === 'SimpleRNN')
    return [plus(plus(times(x, kernel), times(h!, recurrent)), bias as number[]).map(Math.tanh)];
  if (kind === 'LSTM') {
    const z = plus(plus(times(x, kernel), times(h!, recurrent)), bias as number[]);
    const [i, f, g, o] = [0, 1, 2, 3].map((gate) => part(z, gate)) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const next = c!.map((value, k) => sigmoid(f[k]!) * value + sigmoid(i[k]!) * Math.tanh(g[k]!));
    return [next.map((value, k) => sigmoid(o[k]!) * Math.tanh(value)), next];
  }
  const resetAfter = Array.isArray(bias[0]);
  const [inputBias, recurrentBias] = resetAfter
    ? (bias as Rows)
    : [bias as readonly number[], (bias as readonly number[]).map(() => 0)];
  const fromX = plus(times(x, kernel), inputBias!);
  const fromH = plus(times(h!, recurrent), recurrentBias!);
  const z = plus(part(fromX, 0), part(fromH, 0)).map(sigmoid);
  const r = plus(part(fromX, 1), part(fromH, 1)).map(sigmoid);
  const candidateRecurrent = recurrent.map((row) => row.slice(2 * units));
  const inner = resetAfter
    ? part(fromH, 2).map((value, k) => r[k]! * value)
    : times(
        h!.map((value, k) => r[k]! * value),
        candidateRecurrent,
      );
  const candidate = plus(part(fromX, 2), inner).map(Math.tanh);
  return [h!.map((value, k) => z[k]! * value + (1 - z[k]!) * candidate[k]!)];
}

/**
 * Runs a layer over a sequence: keras/src/backend/tensorflow/rnn.py, with `mask`.
 * @returns the rows in the order of the steps, the last row computed, and the last state
 */
export function runLayer(
  kind: CellKind,
  weights: CellWeights,
  x: Rows,
  options: {
    readonly mask?: readonly boolean[];
    readonly goBackwards?: boolean;
    readonly zeroOutputForMask?: boolean;
    readonly initial?: State;
  } = {},
): { rows: Rows; last: readonly number[]; state: State } {
  const { mask, goBackwards = false, zeroOutputForMask = false } = options;
  const units = weights.recurrent.length;
  const zeros = Array<number>(units).fill(0);
  let state: State = options.initial ?? (kind === 'LSTM' ? [zeros, zeros] : [zeros]);
  let last: readonly number[] = zeros;
  const rows: (readonly number[])[] = [];
  const order = x.map((_, t) => (goBackwards ? x.length - 1 - t : t));
  for (const t of order) {
    if (mask?.[t] === false) last = zeroOutputForMask ? zeros : last;
    else {
      state = stepCell(kind, weights, x[t]!, state);
      last = state[0]!;
    }
    rows[t] = last;
  }
  return { rows, last, state };
}

/** Attention's arguments: keras/src/layers/attention/attention.py and additive_attention.py. */
export interface AttentionOptions {
  /** Whether a query, by its step, or a value is no padding. */
  readonly queryMask?: readonly boolean[];
  readonly valueMask?: readonly boolean[];
  readonly causal?: boolean;
}

/**
 * Weighs the values for each query by a softmax of its scores. A masked value has no weight; where all are masked,
 * a score minus 1e9 is the same float32 for all of them, so the mean is taken.
 */
export function weighValues(
  scores: Rows,
  values: Rows,
  { queryMask, valueMask, causal = false }: AttentionOptions,
): number[][] {
  return scores.map((row, query) => {
    if (queryMask?.[query] === false) return values[0]!.map(() => 0);
    const kept = row.map((_, key) => valueMask?.[key] !== false && (!causal || key <= query));
    const most = Math.max(...row.filter((_, key) => kept[key]));
    const raw = row.map((score, key) => (kept.includes(true) ? (kept[key] ? Math.exp(score - most) : 0) : 1));
    const sum = raw.reduce((a, b) => a + b, 0);
    return values[0]!.map((_, k) =>
      raw.reduce((total, weight, key) => total + (weight / sum) * values[key]![k]!, 0),
    );
  });
}
