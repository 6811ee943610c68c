import type { Cell } from '../../src/cells/cell.ts';
import type { CellOptions } from '../../src/cells/options.ts';
import { referenceMath, type CellState, type CellWeights } from '../../src/cells/reference-step.ts';
import { gatesWithProduct } from '../../src/cells/weights.ts';

// Products of quantised weights and activations, written from their definition: whole numbers as such, the rest in float64,
// rounded to float32 where the kernel keeps a float32.

export type Quantised = 'int16' | 'int8';

/** Largest integers of a product over so many columns. */
function levels(precision: Quantised, inner: number): { weight: number; activation: number } {
  if (precision === 'int8') return { weight: 127, activation: 63 };
  const activation = inner <= 1024 ? 4095 : inner <= 4096 ? 2047 : inner <= 16_384 ? 1023 : 511;
  return { weight: 32_767, activation };
}

interface Integers {
  readonly values: readonly number[];
  readonly scale: number;
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** A row by its own largest magnitude. */
function quantiseActivations(row: ArrayLike<number>, precision: Quantised): Integers {
  const { activation } = levels(precision, row.length);
  const largest = Math.max(Math.fround(1e-30), ...Array.from(row, (value) => Math.abs(Math.fround(value))));
  const inverse = Math.fround(activation / largest);
  const values = Array.from(row, (value) => roundHalfToEven(Math.fround(value) * inverse));
  return { values, scale: Math.fround(largest / activation) };
}

/** A row by its largest magnitude, or by the sum of all where the sum of products might leave 32 bits. */
function quantiseWeights(row: ArrayLike<number>, precision: Quantised): Integers {
  const { weight, activation } = levels(precision, row.length);
  const magnitudes = Array.from(row, Math.abs);
  const sum = magnitudes.reduce((a, b) => a + b, 0);
  const mostUnits = (2 ** 31 - 1) / activation - row.length / 2 - 1;
  const scale = Math.fround(Math.max(Math.max(...magnitudes) / weight, sum / mostUnits)) || 1;
  const values = Array.from(row, (value) => Math.max(-weight, Math.min(weight, Math.round(value / scale))));
  return { values, scale };
}

/** y = W x + b. W [out, in] row-major  x [in]  b [out] → [out] */
export function quantisedLinear(
  w: ArrayLike<number>,
  x: ArrayLike<number>,
  b: ArrayLike<number>,
  precision: Quantised,
): Float64Array {
  const activations = quantiseActivations(x, precision);
  return Float64Array.from({ length: b.length }, (_, row) => {
    const weights = quantiseWeights(
      Array.from({ length: x.length }, (__, k) => w[row * x.length + k]!),
      precision,
    );
    let sum = 0n;
    activations.values.forEach((value, k) => (sum += BigInt(value) * BigInt(weights.values[k]!)));
    if (sum > 2n ** 31n - 1n || sum < -(2n ** 31n)) throw new RangeError(`a sum of ${sum} leaves 32 bits`);
    return Math.fround(Number(sum)) * Math.fround(weights.scale * activations.scale) + b[row]!;
  });
}

/** One step of a cell whose products are quantised. */
export function quantisedStep(
  cell: Cell,
  weights: CellWeights,
  x: ArrayLike<number>,
  state: CellState,
  { options, precision }: { options: CellOptions; precision: Quantised },
): CellState {
  const units = state.h.length;
  const gateOf = (name: string): number => cell.gates.findIndex((gate) => gate.name === name);
  const productOf = (name: string): number => gatesWithProduct(cell).indexOf(gateOf(name));
  const multiply = (
    matrix: ArrayLike<number>,
    bias: ArrayLike<number>,
    block: number,
    operand: ArrayLike<number>,
  ): Float64Array => {
    const size = units * operand.length;
    const rows = Array.from({ length: size }, (_, i) => matrix[block * size + i]!);
    const biases = Array.from({ length: units }, (_, i) => bias[block * units + i]!);
    return quantisedLinear(rows, operand, biases, precision);
  };
  const math = referenceMath(
    cell,
    options,
    {
      input: (gate) => multiply(weights.weightIh, weights.biasIh, gateOf(gate), x),
      product: (gate, operand) => multiply(weights.weightHh!, weights.biasHh!, productOf(gate), operand),
    },
    weights.peephole,
  );
  return cell.step(math, state);
}
