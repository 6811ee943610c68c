import type { CompiledRecurrent } from '../recurrent/compiled.ts';
import type { PackedOperators, PackedProduct } from './compiled.ts';
import { clearVectorRegisters } from '../../../kernel/compile.ts';
import { padded, panelWidth } from '../../../kernel/layout.ts';
import type { Values } from '../../../operators/operand.ts';
import type {
  JointWork,
  PrepareContext,
  MatrixProduct,
  RecurrentSweep,
} from '../../../operators/operator.ts';
import type { RunContext } from '../layer.ts';
import { elementwiseFloats, operatorKey, productRows, sweepRows } from './scratch.ts';
import { runForward } from '../recurrent/run-direction.ts';

/** The products and sweeps of packed operators on the kernel. @param scratch address of their scratch */
export const bindOperators = (
  { products, sweeps, elementwise }: PackedOperators,
  context: RunContext,
  scratch: number,
): Pick<PrepareContext, 'product' | 'sweeps' | 'elementwise'> => ({
  elementwise: (operator) => {
    const name = elementwise[operatorKey(operator)];
    return name === undefined ? null : getElementwise(name, context, scratch);
  },
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
  const joined: MatrixProduct['joined'] = (all, rows) => {
    const memory = floats();
    const total = all.length * rows;
    /** Calls back with the rows first … last − 1 of all, as runs of rows of one of them. */
    const eachRun = (
      first: number,
      last: number,
      call: (one: readonly Values[], row: number, place: number, count: number) => void,
    ): void => {
      for (let at = first; at < last;) {
        const row = at % rows;
        const count = Math.min(rows - row, last - at);
        call(all[Math.floor(at / rows)]!, row, at - first, count);
        at += count;
      }
    };
    for (let first = 0; first < total; first += productRows) {
      const last = Math.min(total, first + productRows);
      eachRun(first, last, ([x], row, place, count) =>
        spread(x!, row * inner, memory, scratch / 4 + place * xStride, count, inner, xStride),
      );
      linear(scratch, packed.weight, packed.bias, yAt, last - first);
      eachRun(first, last, ([, y], row, place, count) =>
        gather(memory, yAt / 4 + place * yStride, y!, row * columns, count, columns, yStride),
      );
    }
    clearVectorRegisters();
  };
  return Object.assign((x: Values, y: Values, rows: number) => joined([[x, y]], rows), {
    joined,
    hasBias: packed.hasBias,
  });
}

/** Several x go through the scratch side by side, as many numbers at a time as it has. */
const getElementwise =
  (name: string, { functions, floats }: RunContext, scratch: number): JointWork['runAll'] =>
  (all) => {
    const memory = floats();
    const compute = functions[name]!;
    const room = memory.subarray(scratch / 4, scratch / 4 + elementwiseFloats);
    const waiting: (readonly [y: Values, at: number, place: number, count: number])[] = [];
    let used = 0;
    const flush = (): void => {
      if (used > 0) compute(scratch, Math.ceil(used / panelWidth));
      for (const [y, at, place, count] of waiting) y.set(room.subarray(place, place + count), at);
      waiting.length = 0;
      used = 0;
    };
    for (const { operands } of all) {
      const [x, y] = operands as [Values, Values];
      for (let at = 0; at < x.length;) {
        const count = Math.min(x.length - at, elementwiseFloats - used);
        room.set(x.subarray(at, at + count), used);
        waiting.push([y, at, used, count]);
        used += count;
        at += count;
        if (used === elementwiseFloats) flush();
      }
    }
    flush();
    clearVectorRegisters();
  };

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
  /** Places all in one [steps, all rows, …] first: several are a few rows each. */
  const joined: NonNullable<RecurrentSweep['joined']> = (all, steps, rows) => {
    const total = all.length * rows;
    const [x, y, h, c] = [inner * steps, units * steps, units, units].map(
      (floats) => new Float32Array(total * floats),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const move = (
      part: number,
      width: number,
      times: number,
      one: (own: Values, from: number, to: number, floats: number) => void,
    ): void =>
      all.forEach((operands, i) => {
        for (let t = 0; t < times; t++)
          one(operands[part]!, t * rows * width, (t * total + i * rows) * width, rows * width);
      });
    const into =
      (to: Float32Array) =>
      (own: Values, from: number, place: number, floats: number): void =>
        to.set(own.subarray(from, from + floats), place);
    const back =
      (from: Float32Array) =>
      (own: Values, place: number, at: number, floats: number): void =>
        own.set(from.subarray(at, at + floats), place);
    move(0, inner, steps, into(x));
    move(2, units, 1, into(h));
    move(3, units, 1, into(c));
    run(x, y, h, c, steps, total);
    move(1, units, steps, back(y));
    move(2, units, 1, back(h));
    move(3, units, 1, back(c));
  };
  return { units, hasCellState, run, joined };

  function run(x: Values, y: Values, h: Values, c: Values, steps: number, rows: number): void {
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
  }
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
