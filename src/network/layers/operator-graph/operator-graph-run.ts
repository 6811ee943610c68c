import type { CompiledRecurrent } from '../recurrent/compiled.ts';
import type { CompiledOperatorGraph, PackedProduct } from './compiled.ts';
import { clearVectorRegisters } from '../../../kernel/compile.ts';
import { padded } from '../../../kernel/layout.ts';
import { elementCount, type Operand, type Values } from '../../../operators/operand.ts';
import type { PrepareContext, MatrixProduct, RecurrentSweep } from '../../../operators/operator.ts';
import { prepareGraph, type PreparedGraph } from '../../../operators/prepare-graph.ts';
import type { RunContext } from '../layer.ts';
import { operatorKey, productRows, sweepRows } from './scratch.ts';
import { runForward } from '../recurrent/run-direction.ts';

// Runs an operator graph in a worker, one sequence at a time, so that a batch cannot change its numbers. The
// graph is prepared once for each length.

/** Numbers of the prepared lengths that are kept: 64 MB. The current length is kept whatever its size. */
const maxPreparedNumbers = 2 ** 24;

export interface OperatorGraphRun {
  /**
   * One step of one row. x [input's numbers], state [stateFloats] is read and advanced.
   * @returns the output [units]
   */
  step(x: ArrayLike<number>, state: Float32Array): Values;
  /** A whole sequence. x [steps · width]. @returns the output: [units], or [steps · units] */
  sequence(x: ArrayLike<number>, steps: number): Values;
}

export function createOperatorGraphRun(
  compiled: CompiledOperatorGraph,
  context: RunContext,
  scratch: number,
): OperatorGraphRun {
  const { layer, constants } = compiled;
  const preparedLengths = new Map<number, PreparedGraph>();
  const constant = (name: string): Operand => {
    const shape = layer.constants[name]!;
    const address = constants[name];
    const values =
      address === undefined
        ? new Float32Array(0)
        : context.floats().subarray(address / 4, address / 4 + elementCount(shape));
    return { kind: 'float', shape, values, known: true };
  };
  const kernel: Pick<PrepareContext, 'product' | 'sweeps'> = {
    product: (operator) => {
      const packed = compiled.products[operatorKey(operator)];
      return packed ? createProduct(packed, context, scratch) : null;
    },
    sweeps: (operator) => {
      const { inner, directions } = compiled.sweeps[operatorKey(operator)]!;
      return directions.map((direction) => createSweep(direction, inner, context, scratch));
    },
  };
  const prepare = (steps: number): PreparedGraph => {
    const known = preparedLengths.get(steps);
    if (known) return known;
    const prepared = prepareGraph(layer, steps, { ...kernel, floats: Float32Array }, constant);
    let kept = prepared.elements;
    for (const { elements } of preparedLengths.values()) kept += elements;
    for (const [oldest, { elements }] of preparedLengths) {
      if (kept <= maxPreparedNumbers) break;
      preparedLengths.delete(oldest);
      kept -= elements;
    }
    preparedLengths.set(steps, prepared);
    return prepared;
  };

  return {
    step(x, state) {
      const { input, states, output, run } = prepare(1);
      const own = layer.input.context;
      const contextAt = compiled.stateFloats - own;
      input.values.set(state.subarray(contextAt), 0);
      input.values.set(x, own);
      let at = 0;
      for (const { from } of states) {
        from.values.set(state.subarray(at, at + from.values.length));
        at += from.values.length;
      }
      run();
      at = 0;
      for (const { to } of states) {
        state.set(to.values, at);
        at += to.values.length;
      }
      if (own > 0) state.set(input.values.subarray(input.values.length - own), contextAt);
      return output.values;
    },
    sequence(x, steps) {
      const { input, output, run } = prepare(steps);
      input.values.set(x);
      run();
      return output.values;
    },
  };
}

/** Rows go through the scratch, a block at a time. */
function createProduct(
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
      padRows(x, first * inner, memory, scratch / 4, count, inner, xStride);
      linear(scratch, packed.weight, packed.bias, yAt, count);
      unpadRows(memory, yAt / 4, y, first * columns, count, columns, yStride);
    }
    clearVectorRegisters();
  };
}

function createSweep(
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
      // rows are independent, so they may run in groups
      for (let row = 0; row < rows; row += sweepRows) {
        const count = Math.min(sweepRows, rows - row);
        padRows(h, row * units, memory, at.h / 4, count, units, yStride);
        if (hasCellState) padRows(c, row * units, memory, at.c / 4, count, units, yStride);
        const stride = Math.max(1, Math.floor(sweepRows / count));
        for (let first = 0; first < steps; first += stride) {
          const length = Math.min(stride, steps - first);
          for (let t = 0; t < length; t++)
            padRows(
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
            unpadRows(
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
        unpadRows(memory, at.h / 4, h, row * units, count, units, yStride);
        if (hasCellState) unpadRows(memory, at.c / 4, c, row * units, count, units, yStride);
      }
      clearVectorRegisters();
    },
  };
}

/** Rows shorter than this are copied number by number: a view of each costs more. */
const shortRow = 48;

/** Copies `rows` rows of `width` numbers from one stride to another. */
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
const padRows = (
  from: Values,
  start: number,
  to: Float32Array,
  at: number,
  rows: number,
  width: number,
  stride: number,
): void => copyRows(from, start, width, to, at, stride, rows, width);

/** [rows, stride] → [rows, width] */
const unpadRows = (
  from: Float32Array,
  start: number,
  to: Values,
  at: number,
  rows: number,
  width: number,
  stride: number,
): void => copyRows(from, start, stride, to, at, width, rows, width);
