import {
  broadcastShapes,
  broadcastStrides,
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
import { conv } from './convolution.ts';
import { pool } from './pooling.ts';
import { inSlices, joinWork } from './slices.ts';

// Matrix products: on the kernel where the matrix is constant, else with sums in float64 from the
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
      runAll: (all: readonly JointWork[]) =>
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

export const matrixOperators: Readonly<Record<string, OperatorImplementation>> = {
  MatMul: matMul,
  Gemm: gemm,
  Conv: conv,
  MaxPool: pool('max', false),
  AveragePool: pool('mean', false),
  GlobalMaxPool: pool('max', true),
  GlobalAveragePool: pool('mean', true),
};
