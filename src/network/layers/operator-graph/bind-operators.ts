import type { CompiledRecurrent } from '../recurrent/compiled.ts';
import type { PackedOperators, PackedProduct } from './compiled.ts';
import { clearVectorRegisters } from '../../../kernel/compile.ts';
import { padded } from '../../../kernel/layout.ts';
import type { Values } from '../../../operators/operand.ts';
import type { PrepareContext, MatrixProduct, RecurrentSweep } from '../../../operators/operator.ts';
import type { RunContext } from '../layer.ts';
import { operatorKey, productRows, sweepRows } from './scratch.ts';
import { runForward } from '../recurrent/run-direction.ts';

/** The products and sweeps of packed operators on the kernel. @param scratch address of their scratch */
export const bindOperators = (
  { products, sweeps }: PackedOperators,
  context: RunContext,
  scratch: number,
): Pick<PrepareContext, 'product' | 'sweeps'> => ({
  product: (operator) => {
    const packed = products[operatorKey(operator)];
    return packed ? getProduct(packed, context, scratch) : null;
  },
  sweeps: (operator) => {
    const { inner, directions } = sweeps[operatorKey(operator)]!;
    return directions.map((direction) => getSweep(direction, inner, context, scratch));
  },
});

/** Rows go through the scratch, a block at a time. */
function getProduct(
  packed: PackedProduct,
  { functions, floats }: RunContext,
  scratch: number,
): MatrixProduct {
  const { inner, columns } = packed;
  const [xStride, yStride] = [padded(inner), padded(columns)];
  const linear = functions[packed.linear]!;
  const yAt = scratch + (productRows * xStride + 16) * 4;
  return (x, y, rows) => {
    const memory = floats();
    for (let first = 0; first < rows; first += productRows) {
      const count = Math.min(productRows, rows - first);
      spread(x, first * inner, memory, scratch / 4, count, inner, xStride);
      linear(scratch, packed.weight, packed.bias, yAt, count);
      gather(memory, yAt / 4, y, first * columns, count, columns, yStride);
    }
    clearVectorRegisters();
  };
}

function getSweep(
  direction: CompiledRecurrent,
  inner: number,
  context: RunContext,
  scratch: number,
): RecurrentSweep {
  const { units, hasCellState, columns } = direction;
  const [xStride, yStride] = [padded(inner), padded(units)];
  let next = scratch;
  const take = (rowFloats: number): number => {
    const address = next;
    next += (sweepRows * rowFloats + 16) * 4;
    return address;
  };
  const at = {
    x: take(xStride),
    xStride: xStride * 4,
    pre: take(columns),
    preRows: sweepRows,
    // float32 needs none
    quantised: 0,
    y: take(yStride),
    h: take(yStride),
    c: take(yStride),
    scratch: take(direction.scratchBytesPerRow / 4),
  };
  return {
    units,
    hasCellState,
    run(x, y, h, c, steps, rows) {
      const memory = context.floats();
      // rows know nothing of each other, so they may go in groups
      for (let row = 0; row < rows; row += sweepRows) {
        const count = Math.min(sweepRows, rows - row);
        spread(h, row * units, memory, at.h / 4, count, units, yStride);
        if (hasCellState) spread(c, row * units, memory, at.c / 4, count, units, yStride);
        const stride = Math.max(1, Math.floor(sweepRows / count));
        for (let first = 0; first < steps; first += stride) {
          const length = Math.min(stride, steps - first);
          for (let t = 0; t < length; t++)
            spread(
              x,
              ((first + t) * rows + row) * inner,
              memory,
              at.x / 4 + t * count * xStride,
              count,
              inner,
              xStride,
            );
          const offsets = Int32Array.from({ length: length + 1 }, (_, t) => t * count);
          runForward(direction, context, { offsets, steps: length, parity: first & 1 }, at);
          for (let t = 0; t < length; t++)
            gather(
              memory,
              at.y / 4 + t * count * yStride,
              y,
              ((first + t) * rows + row) * units,
              count,
              units,
              yStride,
            );
          const last = at.y / 4 + (length - 1) * count * yStride;
          memory.copyWithin(at.h / 4, last, last + count * yStride);
        }
        gather(memory, at.h / 4, h, row * units, count, units, yStride);
        if (hasCellState) gather(memory, at.c / 4, c, row * units, count, units, yStride);
      }
      clearVectorRegisters();
    },
  };
}

/** Rows shorter than this are copied number by number: a view of each costs more. */
const shortRow = 48;

/** `rows` rows of `width` numbers, from one distance between them to another. */
function copyRows(
  from: Values,
  start: number,
  fromStride: number,
  to: Values,
  at: number,
  toStride: number,
  rows: number,
  width: number,
): void {
  if (fromStride === width && toStride === width) {
    to.set(from.subarray(start, start + rows * width), at);
    return;
  }
  for (let r = 0; r < rows; r++) {
    const [first, target] = [start + r * fromStride, at + r * toStride];
    if (width >= shortRow) to.set(from.subarray(first, first + width), target);
    else for (let k = 0; k < width; k++) to[target + k] = from[first + k]!;
  }
}

/** [rows, width] → [rows, stride] */
const spread = (
  from: Values,
  start: number,
  to: Float32Array,
  at: number,
  rows: number,
  width: number,
  stride: number,
): void => copyRows(from, start, width, to, at, stride, rows, width);

/** [rows, stride] → [rows, width] */
const gather = (
  from: Float32Array,
  start: number,
  to: Values,
  at: number,
  rows: number,
  width: number,
  stride: number,
): void => copyRows(from, start, stride, to, at, width, rows, width);
