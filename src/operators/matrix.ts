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
  type JointWork,
  type MatrixProduct,
  type OperatorImplementation,
} from './operator.ts';
import { requireInputs } from './shape.ts';
import { pool } from './pooling.ts';
import { forEachRow, inSlices, joinWork } from './slices.ts';
import { computeWindows } from './windows.ts';

// Matrix products and convolutions: on the kernel where the matrix is constant, else with sums in float64 from the
// first term to the last.

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
    return {
      outputs: [y],
      ...sliceProduct(packed, a!.values, y.values, { rows: totalRows, inner, columns }),
    };
  }
  const [aIndexes, bIndexes] = [left, right].map((shape) =>
    stridedIndexes(batch, broadcastStrides(shape.slice(0, -2), batch)),
  );
  const at = { row: inner, term: 1, wTerm: columns, wColumn: 1 };
  return {
    outputs: [y],
    ...inSlices(aIndexes!.length * rows, (inner * columns) / 2, (from, to) => {
      for (let row = from; row < to;) {
        const [i, first] = [Math.floor(row / rows), row % rows];
        const count = Math.min(rows - first, to - row);
        multiply(
          a!.values,
          b!.values,
          y.values,
          { rows: count, inner, columns },
          {
            ...at,
            x: (aIndexes![i]! * rows + first) * inner,
            w: bIndexes![i]! * inner * columns,
            y: row * columns,
          },
        );
        row += count;
      }
    }),
  };
};

/** A product on the kernel, some rows at a time, or all rows of several sequences. @param after what is done then */
const sliceProduct = (
  product: MatrixProduct,
  x: Operand['values'],
  y: Operand['values'],
  { rows, inner, columns }: { rows: number; inner: number; columns: number },
  after?: ReturnType<typeof inSlices>,
) => {
  const own = inSlices(rows, inner + (inner * columns) / 16, (from, to) =>
    product(x.subarray(from * inner, to * inner), y.subarray(from * columns, to * columns), to - from),
  );
  return {
    ...(after ? joinWork([own, after]) : own),
    joint: {
      operands: [x, y],
      together: (all: readonly JointWork[]) =>
        product.joined(
          all.map(({ operands }) => operands),
          rows,
        ),
      ...(after && { after: after.run }),
    },
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
  const sum =
    alpha === 1 && (!cIndexes || packed?.hasBias === true)
      ? undefined
      : inSlices(y.values.length, 1, (from, to) => {
          for (let i = from; i < to; i++)
            y.values[i] = alpha * y.values[i]! + (cIndexes ? beta * c.values[cIndexes[i]!]! : 0);
        });
  if (packed)
    return { outputs: [y], ...sliceProduct(packed, a!.values, y.values, { rows, inner, columns }, sum) };
  const product = inSlices(rows, (inner * columns) / 2, (from, to) =>
    multiply(
      a!.values,
      b!.values,
      y.values,
      { rows: to - from, inner, columns },
      { ...at, x: from * at.row, y: from * columns },
    ),
  );
  return { outputs: [y], ...(sum ? joinWork([product, sum]) : product) };
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
  const work = packed
    ? prepareWindowProduct()
    : inSlices(batch * out * count, (own * windows.size) / 2, (from, to) =>
        forEachRow(from, to, count, (channel, first, last) =>
          sumChannel(Math.floor(channel / out), channel % out, first, last),
        ),
      );
  return { outputs: [y], ...work };

  /** The convolution as one product, with every window as a row of x. */
  function prepareWindowProduct() {
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
    /** Windows first … last − 1 of a sequence, one after the other in `rows`. */
    const collect = (n: number, first: number, last: number): void => {
      const from = table();
      const start = n * channels * positions;
      for (let i = first * inner; i < last * inner; i++) {
        const index = from[i]!;
        rows[i] = index < 0 ? 0 : xs[start + index]!;
      }
    };
    const scatter = (n: number, first: number, last: number): void => {
      for (let o = 0; o < out; o++) {
        const shift = bias && !packed!.hasBias ? bias.values[o]! : 0;
        const to = (n * out + o) * count;
        for (let r = first; r < last; r++) ys[to + r] = sums[(r - first) * out + o]! + shift;
      }
    };
    const work = inSlices(batch * count, inner + (inner * out) / 16, (begin, end) =>
      forEachRow(begin, end, count, (n, first, last) => {
        collect(n, first, last);
        packed!(rows.subarray(first * inner, last * inner), sums, last - first);
        scatter(n, first, last);
      }),
    );
    if (batch !== 1) return work;
    const joint: JointWork = {
      operands: [rows, sums],
      before: () => collect(0, 0, count),
      together: (all) =>
        packed!.joined(
          all.map(({ operands }) => operands),
          count,
        ),
      after: () => scatter(0, 0, count),
    };
    return { ...work, joint };
  }

  /**
   * Windows of one output channel: sums in float64, input channel by input channel, from a window's first position to
   * its last.
   */
  function sumChannel(n: number, o: number, low: number, high: number): void {
    const first = Math.floor(o / (out / groups)) * own;
    const [xs, ws, ys, at] = [x!.values, w!.values, y.values, windows.indexes()];
    const { size, shift } = windows;
    sums.fill(bias ? bias.values[o]! : 0, low, high);
    for (let c = 0; c < own; c++) {
      const from = (n * channels + first + c) * positions;
      const weights = (o * own + c) * size;
      for (let k = 0; k < size; k++) {
        const weight = ws[weights + k]!;
        if (shift === null) {
          for (let r = low; r < high; r++) {
            const position = at[r * size + k]!;
            if (position >= 0) sums[r] = sums[r]! + xs[from + position]! * weight;
          }
        } else {
          // neighbouring windows read neighbouring positions: no index need be looked up
          const start = from + shift[k]!;
          const [begin, end] = [Math.max(low, -shift[k]!), Math.min(high, positions - shift[k]!)];
          for (let r = begin; r < end; r++) sums[r] = sums[r]! + xs[start + r]! * weight;
        }
      }
    }
    ys.set(sums.subarray(low, high), (n * out + o) * count + low);
  }
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
