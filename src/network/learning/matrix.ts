import type { Activation } from '../../kernel/emit/activations.ts';
import { padded, panelWidth } from '../../kernel/layout.ts';
import { emitLinear } from '../../kernel/emit/linear.ts';
import {
  chunkBytes,
  chunkRows,
  emitColumnSums,
  emitOuterProduct,
  emitCopyToChunk,
} from '../../kernel/emit/outer-product.ts';
import type { KernelFunctions } from '../../kernel/instantiate.ts';
import { packMatrix, packVector, type ColumnOrder } from '../../kernel/pack.ts';
import type { Tensor, Weights } from '../weights.ts';
import type { Block, BuildContext, Parameter } from './layer.ts';

/**
 * y = activation(x·Wᵀ + b) with trainable W and b. Rows of x [padded(inner)], rows of y [columns], a multiple
 * of 16.
 */
export interface Matrix {
  /** The weight, and the bias if there is one. */
  readonly parameters: readonly Parameter[];
  /** W packed for the forward product, [columns / 16][inner][16], and b [columns]. */
  readonly weight: Block;
  readonly bias: Block;
  load(weights: Weights): void;
  save(weights: Map<string, Tensor>): void;
  refresh(): void;
  /** y [rows] ← x·Wᵀ + bias */
  multiply(functions: KernelFunctions, x: number, y: number, rows: number, bias?: number): void;
  /** dx [rows] ← dy·W */
  multiplyBack(functions: KernelFunctions, dy: number, dx: number, rows: number): void;
  /** ∂L/∂W += dyᵀ·x, ∂L/∂b += Σ dy, rows in order */
  accumulate(functions: KernelFunctions, x: number, dy: number, rows: number): void;
}

interface MatrixOptions {
  readonly activation?: Activation;
  /** The matrix is some rows of a tensor of `rows`; the parts of one tensor are distinguished by name. */
  readonly part?: { readonly name: string; readonly rows: number; readonly weight: Block };
}

/** @param shape.order rows of W in the order their columns are packed (kernel/pack.ts) */
export function createMatrix(
  { e, allocate }: BuildContext,
  names: { weight: string; bias: string | null },
  shape: { inner: number; order: ColumnOrder },
  { activation = 'linear', part }: MatrixOptions = {},
): Matrix {
  const { inner, order } = shape;
  const columns = order.length;
  const rowCount = part?.rows ?? order.reduce((most, row) => Math.max(most, row + 1), 0);
  const named = (name: string): string => (part ? `${name}.${part.name}` : name);
  const weight = part?.weight ?? allocate(inner * columns);
  const bias = allocate(columns);
  const weightGradient = allocate(inner * columns);
  const biasGradient = allocate(columns);
  const transposed = allocate(padded(inner) * columns);
  const noBias = allocate(padded(inner));
  const xChunk = allocate(chunkBytes(inner) / 4);
  const dyChunk = allocate(chunkBytes(columns) / 4);

  const forward = emitLinear(e, { inner, columns, activation });
  const back = emitLinear(e, { inner: columns, columns: inner });
  const outer = emitOuterProduct(e, { inner, columns });
  const sums = emitColumnSums(e, columns);
  const xToChunk = emitCopyToChunk(e, inner);
  const dyToChunk = emitCopyToChunk(e, columns);

  const refresh = (): void => transpose(weight.values, inner, columns, transposed.values);
  return {
    parameters: [
      { name: named(names.weight), values: weight.values, gradient: weightGradient.values, decays: true },
      ...(names.bias === null
        ? []
        : [{ name: named(names.bias), values: bias.values, gradient: biasGradient.values, decays: false }]),
    ],
    weight,
    bias,
    refresh,
    load(weights) {
      packMatrix(weights.get(names.weight)!.values, inner, order, weight.values);
      if (names.bias !== null) packVector(weights.get(names.bias)!.values, order, bias.values);
      refresh();
    },
    save(weights) {
      const matrix = (part && weights.get(names.weight)?.values) ?? new Float32Array(rowCount * inner);
      const vector =
        (part && names.bias !== null && weights.get(names.bias)?.values) || new Float32Array(rowCount);
      order.forEach((row, column) => {
        if (row < 0) return;
        vector[row] = bias.values[column]!;
        for (let k = 0; k < inner; k++)
          matrix[row * inner + k] = weight.values[packedIndex(inner, column, k)]!;
      });
      weights.set(names.weight, { shape: [rowCount, inner], values: matrix });
      if (names.bias !== null) weights.set(names.bias, { shape: [rowCount], values: vector });
    },
    multiply(functions, x, y, rows, otherBias = bias.address) {
      functions[forward]!(x, weight.address, otherBias, y, rows);
    },
    multiplyBack(functions, dy, dx, rows) {
      functions[back]!(dy, transposed.address, noBias.address, dx, rows);
    },
    accumulate(functions, x, dy, rows) {
      for (let first = 0; first < rows; first += chunkRows) {
        const count = Math.min(chunkRows, rows - first);
        functions[xToChunk]!(x + first * padded(inner) * 4, xChunk.address, count);
        functions[dyToChunk]!(dy + first * columns * 4, dyChunk.address, count);
        functions[outer]!(xChunk.address, dyChunk.address, weightGradient.address, count);
        functions[sums]!(dyChunk.address, biasGradient.address, count);
      }
    },
  };
}

/** Index in a packed matrix of the weight from input k to a column. */
const packedIndex = (inner: number, column: number, k: number): number =>
  (Math.floor(column / panelWidth) * inner + k) * panelWidth + (column % panelWidth);

/**
 * packed [columns/16][inner][16] → packed [padded(inner)/16][columns][16], the columns past `inner` left as
 * they are. A whole line is written at a time.
 */
function transpose(packed: Float32Array, inner: number, columns: number, to: Float32Array): void {
  for (let first = 0; first < inner; first += panelWidth) {
    const count = Math.min(panelWidth, inner - first);
    for (let column = 0; column < columns; column++) {
      const from = packedIndex(inner, column, first);
      const at = packedIndex(columns, first, column);
      for (let k = 0; k < count; k++) to[at + k] = packed[from + k * panelWidth]!;
    }
  }
}
