import { activation } from '../../kernel/reference/activations.ts';
import { linear } from '../../kernel/reference/linear.ts';

/** Arithmetic over the row of a step: plain numbers, or numbers with gradients (test/reference). */
export interface RowMath<Row> {
  /** W x + b, by the names of the tensors. */
  readonly linear: (weight: string, x: Row, bias: string) => Row;
  readonly add: (a: Row, b: Row) => Row;
  readonly mul: (a: Row, b: Row) => Row;
  /** 1 − x */
  readonly complement: (x: Row) => Row;
  readonly sigmoid: (x: Row) => Row;
  readonly tanh: (x: Row) => Row;
  readonly relu: (x: Row) => Row;
}

export const plainRowMath = (tensor: (name: string) => Float32Array): RowMath<Float64Array> => ({
  linear: (weight, x, bias) => linear(tensor(weight), x, tensor(bias)),
  add: (a, b) => a.map((value, k) => value + b[k]!),
  mul: (a, b) => a.map((value, k) => value * b[k]!),
  complement: (x) => x.map((value) => 1 - value),
  sigmoid: (x) => x.map(activation.sigmoid),
  tanh: (x) => x.map(activation.tanh),
  relu: (x) => x.map(activation.relu),
});
