import { padded } from '../../src/kernel/emit/emitter.ts';
import type { SharedMemory } from '../../src/kernel/memory.ts';
import type { Rng } from '../../src/decoding/rng.ts';
import { addRows, createMatrix, fillRows, transpose, withoutFirst, type Matrix } from './matrix.ts';
import { createParameter, randomise, type Parameter } from './parameter.ts';
import type { Products } from './product.ts';

// A recurrent layer trained by backpropagation through time. Rows are time-major: step t of sequence b is row
// t·batch + b. Each gate has padded(units) columns, so that a gate begins on a panel border.

/** All of a sequence from the state before its first step on, and the same from the first step's result on. */
export interface StateHistory {
  readonly all: Matrix;
  readonly next: Matrix;
}

/** What one step of a cell reads and writes: rows row … row + batch − 1. */
export interface StepBuffers {
  readonly products: Products;
  /** padded(units) */
  readonly width: number;
  readonly batch: number;
  /** [rows, gates · width] before forward W x + b, after it the squashed gates, after backward ∂L/∂(W x + b) */
  readonly sums: Matrix;
  /** The same of R h + b', or `sums` itself where the two are only ever added. */
  readonly recurrent: Matrix;
  readonly h: StateHistory;
  readonly c: StateHistory;
  readonly tanhC: Matrix;
  /** [batch, width] in: ∂L/∂h'. out: what of ∂L/∂h doesn't pass through the gates */
  readonly dh: Matrix;
  /** [batch, width] in: ∂L/∂c'. out: ∂L/∂c */
  readonly dc: Matrix;
  readonly row: number;
  /** Row of the state before this step in `h.all` and `c.all`. */
  readonly before: number;
}

export interface StepGradient {
  readonly gates: number;
  readonly recurrentApart: boolean;
  forward(step: StepBuffers): void;
  backward(step: StepBuffers): void;
}

export interface RecurrentGradient {
  readonly parameters: { weightIh: Parameter; weightHh: Parameter; biasIh: Parameter; biasHh: Parameter };
  /** x [steps · batch, inner] → h' of every step, rows as x's. Begins with the state it was left in. */
  forward(x: Matrix, steps: number): Matrix;
  /** Adds to the parameters' gradients; dy [steps · batch, units], dx [steps · batch, inner] is overwritten. */
  backward(x: Matrix, dy: Matrix, dx: Matrix): void;
  /** The next forward begins from zero, or from where the last one ended. */
  begin(state: 'zero' | 'carried'): void;
}

export function createRecurrentGradient(
  cell: StepGradient,
  size: { inner: number; units: number; batch: number; steps: number },
  memory: SharedMemory,
  products: Products,
): RecurrentGradient {
  const { inner, units, batch } = size;
  const width = padded(units);
  const columns = cell.gates * width;
  const rows = size.steps * batch;
  const matrix = (height: number, wide: number): Matrix => createMatrix(memory, height, wide);
  const parameters = {
    weightIh: createParameter(memory, inner, columns),
    weightHh: createParameter(memory, units, columns),
    biasIh: createParameter(memory, 1, columns),
    biasHh: createParameter(memory, 1, columns),
  };
  const { weightIh, weightHh, biasIh, biasHh } = parameters;
  const history = (): StateHistory => {
    const all = matrix(rows + batch, width);
    return { all, next: withoutFirst(all, batch) };
  };
  const sums = matrix(rows, columns);
  const h = history();
  const hColumns = { ...h.all, columns: units };
  const transposed = {
    weightIh: matrix(columns, inner),
    weightHh: matrix(columns, units),
    x: matrix(inner, rows),
    h: matrix(units, rows),
  };
  const buffers = {
    products,
    width,
    batch,
    sums,
    recurrent: cell.recurrentApart ? matrix(rows, columns) : sums,
    h,
    c: history(),
    tanhC: matrix(rows, width),
    dh: matrix(batch, width),
    dc: matrix(batch, width),
  };
  const { recurrent, c, dh, dc } = buffers;
  let steps = 0;

  return {
    parameters,
    begin(state) {
      for (const { all } of [h, c])
        if (state === 'zero') all.values.fill(0, 0, batch * width);
        else all.values.copyWithin(0, steps * batch * width, (steps + 1) * batch * width);
    },

    forward(x, stepCount) {
      steps = stepCount;
      const active = steps * batch;
      fillRows(sums, biasIh.value, active);
      if (cell.recurrentApart) fillRows(recurrent, biasHh.value, active);
      products.multiplyAdd(x, products.pack(weightIh.value), sums, active);
      const packed = products.pack(weightHh.value);
      for (let row = 0; row < active; row += batch) {
        products.multiplyAdd(h.all, packed, recurrent, batch, row, row);
        cell.forward({ ...buffers, row, before: row });
      }
      return { ...h.next, columns: units };
    },

    backward(x, dy, dx) {
      const active = steps * batch;
      dh.values.fill(0);
      dc.values.fill(0);
      transpose(weightHh.value, transposed.weightHh);
      const packed = products.pack(transposed.weightHh);
      for (let row = active - batch; row >= 0; row -= batch) {
        for (let k = 0; k < batch * width; k++) dh.values[k]! += dy.values[row * width + k]!;
        cell.backward({ ...buffers, row, before: row });
        products.multiplyAdd(recurrent, packed, dh, batch, row, 0);
      }
      transpose(hColumns, transposed.h, active);
      products.multiplyAdd(transposed.h, products.pack(recurrent, active), weightHh.gradient, units);
      const packedSums = products.pack(sums, active);
      transpose(x, transposed.x, active);
      products.multiplyAdd(transposed.x, packedSums, weightIh.gradient, inner);
      addRows(sums, biasIh.gradient, active);
      if (cell.recurrentApart) addRows(recurrent, biasHh.gradient, active);
      dx.values.fill(0, 0, active * dx.stride);
      transpose(weightIh.value, transposed.weightIh);
      products.multiplyAdd(sums, products.pack(transposed.weightIh), dx, active);
    },
  };
}

/** Weights and biases uniform in ±1/√units, as PyTorch begins; the padding between gates stays zero. */
export function startRecurrent(layer: RecurrentGradient, gates: number, units: number, rng: Rng): void {
  const { weightIh, weightHh } = layer.parameters;
  for (const parameter of [weightIh, weightHh])
    for (let gate = 0; gate < gates; gate++)
      randomise(parameter, rng, 1 / Math.sqrt(units), {
        from: gate * padded(units),
        to: gate * padded(units) + units,
      });
}
