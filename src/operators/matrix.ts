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
import {
  numberAttribute,
  numberListAttribute,
  textAttribute,
  type OperatorImplementation,
} from './operator.ts';
import { required, requireInputs } from './shape.ts';
import { computeWindows } from './windows.ts';

// Matrix products, convolutions and pools: on the kernel where the matrix is constant, else with sums in
// float64 from
// the first term to the last.

/**
 * y [rows, columns] ← x [rows, inner] · w [inner, columns].
 * @param at start indexes of the three, and strides of x and w
 */
function multiply(
  x: Operand['values'],
  w: Operand['values'],
  y: Operand['values'],
  { rows, inner, columns }: { rows: number; inner: number; columns: number },
  at: { x: number; w: number; y: number; row: number; term: number; wTerm: number; wColumn: number },
): void {
  const sums = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = x[at.x + r * at.row + k * at.term]!;
      const from = at.w + k * at.wTerm;
      for (let c = 0; c < columns; c++) sums[c] = sums[c]! + value * w[from + c * at.wColumn]!;
    }
    y.set(sums, at.y + r * columns);
  }
}

/** a [.., rows, inner]  b [.., inner, columns]; a vector is a row on the left and a column on the right. */
export const matMul: OperatorImplementation = (operator, inputs, context) => {
  const [a, b] = requireInputs(inputs, 2);
  const [left, right] = [
    a!.shape.length === 1 ? [1, ...a!.shape] : a!.shape,
    b!.shape.length === 1 ? [...b!.shape, 1] : b!.shape,
  ];
  const [rows = 0, inner = 0] = left.slice(-2);
  const [terms = 0, columns = 0] = right.slice(-2);
  if (terms !== inner)
    invalidOperator(`[${a!.shape.join(', ')}] cannot be multiplied by [${b!.shape.join(', ')}]`);
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  const shape = [
    ...batch,
    ...(a!.shape.length === 1 ? [] : [rows]),
    ...(b!.shape.length === 1 ? [] : [columns]),
  ];
  const y = createOperand(context, a!.kind, shape, a!.known && b!.known);
  const packed = right.length === 2 && a!.kind === 'float' ? context.product(operator) : null;
  if (packed) {
    const totalRows = elementCount(batch) * rows;
    return { outputs: [y], run: () => packed(a!.values, y.values, totalRows) };
  }
  const [aIndexes, bIndexes] = [left, right].map((shape) =>
    stridedIndexes(batch, broadcastStrides(shape.slice(0, -2), batch)),
  );
  const at = { row: inner, term: 1, wTerm: columns, wColumn: 1 };
  return {
    outputs: [y],
    run: () =>
      aIndexes!.forEach((start, i) =>
        multiply(
          a!.values,
          b!.values,
          y.values,
          { rows, inner, columns },
          {
            ...at,
            x: start * rows * inner,
            w: bIndexes![i]! * inner * columns,
            y: i * rows * columns,
          },
        ),
      ),
  };
};

/** y = α·A·B + β·C, with A and B transposed if transA and transB are set. */
const gemm: OperatorImplementation = (operator, inputs, context) => {
  const [a, b] = requireInputs(inputs.slice(0, 2), 2);
  const c = inputs[2];
  const [transA, transB] = [
    numberAttribute(operator, 'transA', 0) !== 0,
    numberAttribute(operator, 'transB', 0) !== 0,
  ];
  const [alpha, beta] = [numberAttribute(operator, 'alpha', 1), numberAttribute(operator, 'beta', 1)];
  const [rows = 0, inner = 0] = transA ? a!.shape.toReversed() : a!.shape;
  const [terms = 0, columns = 0] = transB ? b!.shape.toReversed() : b!.shape;
  if (terms !== inner || a!.shape.length !== 2 || b!.shape.length !== 2)
    invalidOperator(`[${a!.shape.join(', ')}] cannot be multiplied by [${b!.shape.join(', ')}]`);
  const y = createOperand(context, a!.kind, [rows, columns], a!.known && b!.known && (c?.known ?? true));
  const packed = a!.kind === 'float' ? context.product(operator) : null;
  const at = {
    x: 0,
    w: 0,
    y: 0,
    row: transA ? 1 : inner,
    term: transA ? rows : 1,
    wTerm: transB ? 1 : columns,
    wColumn: transB ? inner : 1,
  };
  const cIndexes = c && stridedIndexes(y.shape, broadcastStrides(c.shape, y.shape));
  return {
    outputs: [y],
    run: () => {
      if (packed) packed(a!.values, y.values, rows);
      else multiply(a!.values, b!.values, y.values, { rows, inner, columns }, at);
      if (alpha !== 1 || cIndexes)
        for (let i = 0; i < y.values.length; i++)
          y.values[i] = alpha * y.values[i]! + (cIndexes ? beta * c.values[cIndexes[i]!]! : 0);
    },
  };
};

/** x [batch, in, …spatial]  w [out, in / groups, …kernel]  b [out]  y [batch, out, …spatial] */
export const conv: OperatorImplementation = (operator, inputs, context) => {
  const [x, w] = requireInputs(inputs.slice(0, 2), 2);
  const bias = inputs[2];
  const groups = numberAttribute(operator, 'group', 1);
  const [batch = 0, channels = 0, ...spatial] = x!.shape;
  const [out = 0, own = 0, ...kernel] = w!.shape;
  if (groups < 1 || own * groups !== channels || out % groups !== 0 || spatial.length === 0)
    invalidOperator(
      `a kernel of [${w!.shape.join(', ')}] in ${groups} groups does not fit [${x!.shape.join(', ')}]`,
    );
  const windows = computeWindows(operator, spatial, kernel);
  const count = elementCount(windows.shape);
  const y = createOperand(
    context,
    x!.kind,
    [batch, out, ...windows.shape],
    [x, w, bias].every((operand) => operand?.known ?? true),
  );
  const packed = x!.kind === 'float' ? context.product(operator) : null;
  const positions = elementCount(spatial);
  const sums = new Float64Array(packed ? 0 : count);
  const run = packed
    ? prepareWindowProduct()
    : () => {
        for (let n = 0; n < batch; n++) for (let o = 0; o < out; o++) sumChannel(n, o);
      };
  return { outputs: [y], run };

  /** The convolution as one product, with every window as a row of x. */
  function prepareWindowProduct(): () => void {
    const inner = own * windows.size;
    const rows = createOperand(context, 'float', [count, inner]).values;
    const sums = createOperand(context, 'float', [count, out]).values;
    // the source index of each element of a row, in the first sequence
    const table = lazy(() => {
      const from = new Int32Array(rows.length);
      const at = windows.indexes();
      for (let r = 0; r < count; r++)
        for (let c = 0; c < own; c++)
          for (let k = 0; k < windows.size; k++) {
            const position = at[r * windows.size + k]!;
            from[r * inner + c * windows.size + k] = position < 0 ? -1 : c * positions + position;
          }
      return from;
    });
    const [xs, ys] = [x!.values, y.values];
    return () => {
      const from = table();
      for (let n = 0; n < batch; n++) {
        const start = n * channels * positions;
        for (let i = 0; i < rows.length; i++) {
          const index = from[i]!;
          rows[i] = index < 0 ? 0 : xs[start + index]!;
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

  /**
   * One output channel: sums in float64, input channel by input channel, from a window's first position to
   * its last.
   */
  function sumChannel(n: number, o: number): void {
    const first = Math.floor(o / (out / groups)) * own;
    const [xs, ws, ys, at] = [x!.values, w!.values, y.values, windows.indexes()];
    const { size, shift } = windows;
    sums.fill(bias ? bias.values[o]! : 0);
    for (let c = 0; c < own; c++) {
      const from = (n * channels + first + c) * positions;
      const weights = (o * own + c) * size;
      for (let k = 0; k < size; k++) {
        const weight = ws[weights + k]!;
        if (shift === null) {
          for (let r = 0; r < count; r++) {
            const position = at[r * size + k]!;
            if (position >= 0) sums[r] = sums[r]! + xs[from + position]! * weight;
          }
        } else {
          // neighbouring windows read neighbouring positions: no index need be looked up
          const start = from + shift[k]!;
          const [begin, end] = [Math.max(0, -shift[k]!), Math.min(count, positions - shift[k]!)];
          for (let r = begin; r < end; r++) sums[r] = sums[r]! + xs[start + r]! * weight;
        }
      }
    }
    ys.set(sums, (n * out + o) * count);
  }
};

/** The maximum or the mean of every window of a channel. @param whole the window is the whole channel */
const pool =
  (mode: 'max' | 'mean', whole: boolean): OperatorImplementation =>
  (operator, [input], context) => {
    const x = required(input);
    const [batch = 0, channels = 0, ...spatial] = x.shape;
    const kernel = whole
      ? spatial
      : (numberListAttribute(operator, 'kernel_shape') ?? invalidOperator('kernel_shape is missing'));
    const isDilated = numberListAttribute(operator, 'dilations')?.some((dilation) => dilation !== 1) ?? false;
    // ONNX and onnxruntime pad differently there
    if (isDilated && textAttribute(operator, 'auto_pad', 'NOTSET').startsWith('SAME'))
      invalidOperator('auto_pad SAME with dilations is not supported');
    const windows = computeWindows(whole ? { ...operator, attributes: {} } : operator, spatial, kernel);
    const count = elementCount(windows.shape);
    const countsPads = numberAttribute(operator, 'count_include_pad', 0) === 1;
    const y = createOperand(context, x.kind, [batch, channels, ...windows.shape], x.known);
    const positions = elementCount(spatial);
    return {
      outputs: [y],
      run: () => {
        const at = windows.indexes();
        for (let row = 0; row < batch * channels; row++)
          for (let r = 0; r < count; r++) {
            let [max, sum, visited, padding] = [-Infinity, 0, 0, 0];
            for (let k = 0; k < windows.size; k++) {
              const position = at[r * windows.size + k]!;
              if (position === -1) padding++;
              if (position < 0) continue;
              const value = x.values[row * positions + position]!;
              max = Math.max(max, value);
              sum += value;
              visited++;
            }
            y.values[row * count + r] =
              mode === 'max' ? max : sum / (countsPads ? visited + padding : visited);
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
