import { linear } from '../kernel/reference/linear.ts';
import type { Cell } from './cell.ts';
import { usualOptions, type CellOptions } from './options.ts';
import { activation, clippedActivation } from './reference-activations.ts';
import type { StepMath, StepState } from './step-math.ts';
import { gatesWithProduct } from './weights.ts';

// A cell's equations on plain float64 numbers.

/** Tensors of one direction (weights.ts). */
export interface CellWeights {
  readonly weightIh: ArrayLike<number>;
  readonly biasIh: ArrayLike<number>;
  readonly weightHh?: ArrayLike<number> | undefined;
  readonly biasHh?: ArrayLike<number> | undefined;
  readonly peephole?: ArrayLike<number> | undefined;
}

export type CellState = StepState<Float64Array>;

/** One step: x [in] and the state before → the state after; the usual cell unless options say otherwise. */
export type CellStep = (
  weights: CellWeights,
  x: ArrayLike<number>,
  state: CellState,
  options?: CellOptions,
) => CellState;

export const zeroState = (units: number): CellState => ({
  h: new Float64Array(units),
  c: new Float64Array(units),
});

export function referenceStep(cell: Cell): CellStep {
  const rows = new Map(cell.gates.map(({ name }, index) => [name, index]));
  const productRows = new Map(gatesWithProduct(cell).map((gate, index) => [cell.gates[gate]!.name, index]));
  return (weights, x, state, options = usualOptions) => {
    const units = state.h.length;
    const multiply = (
      matrix: ArrayLike<number>,
      bias: ArrayLike<number>,
      row: number,
      operand: ArrayLike<number>,
    ): Float64Array => linear(block(matrix, row, units * operand.length), operand, block(bias, row, units));
    const products: StepProducts = {
      input: (gate) => multiply(weights.weightIh, weights.biasIh, rows.get(gate)!, x),
      product: (gate, operand) =>
        multiply(weights.weightHh!, weights.biasHh!, productRows.get(gate)!, operand),
    };
    return cell.step(referenceMath(cell, options, products, weights.peephole), state);
  };
}

type StepProducts = Pick<StepMath<Float64Array>, 'input' | 'product'>;

/** The operations of a step on float64 numbers. @param peephole [peepholes · units] */
export function referenceMath(
  cell: Cell,
  options: CellOptions,
  { input, product }: StepProducts,
  peephole?: ArrayLike<number>,
): StepMath<Float64Array> {
  const add = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, u) => value + b[u]!);
  const apply =
    (f: (value: number) => number) =>
    (values: Float64Array): Float64Array =>
      values.map(f);
  return {
    inputForget: options.inputForget,
    input,
    product,
    sum: (gate, operand) => add(input(gate), product(gate, operand)),
    peephole: (gate, sum, c) => {
      const at = (cell.peepholes?.indexOf(gate) ?? 0) * c.length;
      return options.peepholes ? sum.map((value, u) => value + peephole![at + u]! * c[u]!) : sum;
    },
    gate: apply(clippedActivation(options.gate, options.clip)),
    candidate: apply(clippedActivation(options.candidate, options.clip)),
    output: apply(activation(options.output)),
    add,
    mul: (a, b) => a.map((value, u) => value * b[u]!),
    complement: apply((value) => 1 - value),
  };
}

/** Block `index` of `length` numbers, without a copy of typed arrays. */
const block = (values: ArrayLike<number>, index: number, length: number): ArrayLike<number> =>
  values instanceof Float32Array || values instanceof Float64Array
    ? values.subarray(index * length, (index + 1) * length)
    : Array.from(values).slice(index * length, (index + 1) * length);
