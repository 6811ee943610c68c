import {
  broadcastShapes,
  broadcastStrides,
  lazy,
  createOperand,
  stridedIndexes,
  invalidOperator,
  elementCount,
  type Operand,
} from './operand.ts';
import { numberAttribute, numberListAttribute, type OperatorImplementation } from './operator.ts';
import { required } from './shape.ts';
import { computeWindows } from './windows.ts';

// Products: on the kernel where their matrix is constant, else a sum in float64 from the first term to the last.

/** y [rows, columns] ← x [rows, inner] · w [inner, columns], each from a place on, with w's strides */
function multiply(
  x: Operand['values'],
  w: Operand['values'],
  y: Operand['values'],
  { rows, inner, columns }: { rows: number; inner: number; columns: number },
  at: { x: number; w: number; y: number; row: number; term: number; wTerm: number; wColumn: number },
): void {
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum += x[at.x + r * at.row + k * at.term]! * w[at.w + k * at.wTerm + c * at.wColumn]!;
      y[at.y + r * columns + c] = sum;
    }
}

/** a [.., rows, inner]  b [.., inner, columns]; a vector is a row on the left and a column on the right. */
const matMul: OperatorImplementation = (operator, inputs, preparing) => {
  const [a, b] = inputs.map(required);
  const [one, other] = [
    a!.shape.length === 1 ? [1, ...a!.shape] : a!.shape,
    b!.shape.length === 1 ? [...b!.shape, 1] : b!.shape,
  ];
  const [rows = 0, inner = 0] = one.slice(-2);
  const [terms = 0, columns = 0] = other.slice(-2);
  if (terms !== inner) invalidOperator(`[${a!.shape.join(', ')}] times [${b!.shape.join(', ')}]`);
  const batch = broadcastShapes(one.slice(0, -2), other.slice(0, -2));
  const shape = [
    ...batch,
    ...(a!.shape.length === 1 ? [] : [rows]),
    ...(b!.shape.length === 1 ? [] : [columns]),
  ];
  const y = createOperand(preparing, a!.kind, shape, a!.known && b!.known);
  const packed = other.length === 2 ? preparing.product(operator) : null;
  if (packed) {
    const all = elementCount(batch) * rows;
    return { outputs: [y], run: () => packed(a!.values, y.values, all) };
  }
  const [ofA, ofB] = [one, other].map((own) =>
    stridedIndexes(batch, broadcastStrides(own.slice(0, -2), batch)),
  );
  const at = { row: inner, term: 1, wTerm: columns, wColumn: 1 };
  return {
    outputs: [y],
    run: () =>
      ofA!.forEach((start, i) =>
        multiply(
          a!.values,
          b!.values,
          y.values,
          { rows, inner, columns },
          {
            ...at,
            x: start * rows * inner,
            w: ofB![i]! * inner * columns,
            y: i * rows * columns,
          },
        ),
      ),
  };
};

/** y = α·A·B + β·C, A and B turned where it is said. */
const gemm: OperatorImplementation = (operator, inputs, preparing) => {
  const [a, b] = inputs.slice(0, 2).map(required);
  const c = inputs[2];
  const [turnA, turnB] = [
    numberAttribute(operator, 'transA', 0) !== 0,
    numberAttribute(operator, 'transB', 0) !== 0,
  ];
  const [alpha, beta] = [numberAttribute(operator, 'alpha', 1), numberAttribute(operator, 'beta', 1)];
  const [rows = 0, inner = 0] = turnA ? a!.shape.toReversed() : a!.shape;
  const [terms = 0, columns = 0] = turnB ? b!.shape.toReversed() : b!.shape;
  if (terms !== inner || a!.shape.length !== 2 || b!.shape.length !== 2)
    invalidOperator(`[${a!.shape.join(', ')}] times [${b!.shape.join(', ')}]`);
  const y = createOperand(preparing, 'float', [rows, columns], a!.known && b!.known && (c?.known ?? true));
  const packed = preparing.product(operator);
  const at = {
    x: 0,
    w: 0,
    y: 0,
    row: turnA ? 1 : inner,
    term: turnA ? rows : 1,
    wTerm: turnB ? 1 : columns,
    wColumn: turnB ? inner : 1,
  };
  const ofC = c && stridedIndexes(y.shape, broadcastStrides(c.shape, y.shape));
  return {
    outputs: [y],
    run: () => {
      if (packed) packed(a!.values, y.values, rows);
      else multiply(a!.values, b!.values, y.values, { rows, inner, columns }, at);
      if (alpha !== 1 || ofC)
        for (let i = 0; i < y.values.length; i++)
          y.values[i] = alpha * y.values[i]! + (ofC ? beta * c.values[ofC[i]!]! : 0);
    },
  };
};

/** x [batch, in, …places]  w [out, in / groups, …kernel]  b [out]  y [batch, out, …places] */
const conv: OperatorImplementation = (operator, inputs, preparing) => {
  const [x, w] = inputs.slice(0, 2).map(required);
  const bias = inputs[2];
  const groups = numberAttribute(operator, 'group', 1);
  const [batch = 0, channels = 0, ...spatial] = x!.shape;
  const [out = 0, own = 0, ...kernel] = w!.shape;
  if (groups < 1 || own * groups !== channels || out % groups !== 0 || spatial.length === 0)
    invalidOperator(`a kernel of [${w!.shape.join(', ')}] in ${groups} groups over [${x!.shape.join(', ')}]`);
  const windows = computeWindows(operator, spatial, kernel);
  const count = elementCount(windows.shape);
  const y = createOperand(
    preparing,
    'float',
    [batch, out, ...windows.shape],
    [x, w, bias].every((one) => one?.known ?? true),
  );
  const packed = preparing.product(operator);
  const places = elementCount(spatial);
  const sums = new Float64Array(packed ? 0 : count);
  const run = packed
    ? productOfWindows()
    : () => {
        for (let n = 0; n < batch; n++) for (let o = 0; o < out; o++) channel(n, o);
      };
  return { outputs: [y], run };

  /** Every window as a row of the product's x. */
  function productOfWindows(): () => void {
    const inner = own * windows.size;
    const rows = createOperand(preparing, 'float', [count, inner]).values;
    const sums = createOperand(preparing, 'float', [count, out]).values;
    // where each number of a row stands in the first sequence
    const table = lazy(() => {
      const from = new Int32Array(rows.length);
      const at = windows.indexes();
      for (let r = 0; r < count; r++)
        for (let c = 0; c < own; c++)
          for (let k = 0; k < windows.size; k++) {
            const place = at[r * windows.size + k]!;
            from[r * inner + c * windows.size + k] = place < 0 ? -1 : c * places + place;
          }
      return from;
    });
    const [xs, ys] = [x!.values, y.values];
    return () => {
      const from = table();
      for (let n = 0; n < batch; n++) {
        const start = n * channels * places;
        for (let i = 0; i < rows.length; i++) {
          const place = from[i]!;
          rows[i] = place < 0 ? 0 : xs[start + place]!;
        }
        packed!(rows, sums, count);
        for (let o = 0; o < out; o++) {
          const shift = bias ? bias.values[o]! : 0;
          const to = (n * out + o) * count;
          for (let r = 0; r < count; r++) ys[to + r] = sums[r * out + o]! + shift;
        }
      }
    };
  }

  /** Sums in float64, input channel by input channel, from a window's first place to its last. */
  function channel(n: number, o: number): void {
    const first = Math.floor(o / (out / groups)) * own;
    const [xs, ws, ys, at] = [x!.values, w!.values, y.values, windows.indexes()];
    const { size, shift } = windows;
    sums.fill(bias ? bias.values[o]! : 0);
    for (let c = 0; c < own; c++) {
      const from = (n * channels + first + c) * places;
      const weights = (o * own + c) * size;
      for (let k = 0; k < size; k++) {
        const weight = ws[weights + k]!;
        if (shift === null) {
          for (let r = 0; r < count; r++) {
            const place = at[r * size + k]!;
            if (place >= 0) sums[r] = sums[r]! + xs[from + place]! * weight;
          }
        } else {
          // neighbouring windows read neighbouring places: no place need be looked up
          const start = from + shift[k]!;
          const [begin, end] = [Math.max(0, -shift[k]!), Math.min(count, places - shift[k]!)];
          for (let r = begin; r < end; r++) sums[r] = sums[r]! + xs[start + r]! * weight;
        }
      }
    }
    ys.set(sums, (n * out + o) * count);
  }
};

/** The largest or the mean of every window, channel by channel. */
const pool =
  (mode: 'max' | 'mean', whole: boolean): OperatorImplementation =>
  (operator, [given], preparing) => {
    const x = required(given);
    const [batch = 0, channels = 0, ...spatial] = x.shape;
    const kernel = whole
      ? spatial
      : (numberListAttribute(operator, 'kernel_shape') ?? invalidOperator('kernel_shape is missing'));
    const windows = computeWindows(whole ? { ...operator, attributes: {} } : operator, spatial, kernel);
    const count = elementCount(windows.shape);
    const padsCount = numberAttribute(operator, 'count_include_pad', 0) === 1;
    const y = createOperand(preparing, x.kind, [batch, channels, ...windows.shape], x.known);
    const places = elementCount(spatial);
    return {
      outputs: [y],
      run: () => {
        const at = windows.indexes();
        for (let row = 0; row < batch * channels; row++)
          for (let r = 0; r < count; r++) {
            let [most, sum, seen] = [-Infinity, 0, 0];
            for (let k = 0; k < windows.size; k++) {
              const place = at[r * windows.size + k]!;
              if (place < 0) continue;
              const value = x.values[row * places + place]!;
              most = Math.max(most, value);
              sum += value;
              seen++;
            }
            y.values[row * count + r] = mode === 'max' ? most : sum / (padsCount ? windows.size : seen);
          }
      },
    };
  };

export const matrixOperators: Readonly<Record<string, OperatorImplementation>> = {
  MatMul: matMul,
  Gemm: gemm,
  Conv: conv,
  MaxPool: pool('max', false),
  AveragePool: pool('mean', false),
  GlobalMaxPool: pool('max', true),
  GlobalAveragePool: pool('mean', true),
};
