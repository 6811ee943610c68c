import { invalidOperator, elementCount, type Operand } from '../../operators/operand.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import type { FoldedGraph } from './fold-constants.ts';

/** Limit on the integer constants, which are stored in model.json. */
const maxIntegers = 100_000;

/** Creates an operand for a graph input: its shape is known, its values are not. */
export const createPlaceholder = (shape: readonly number[], kind: Operand['kind']): Operand => ({
  kind,
  shape,
  values: kind === 'float' ? new Float32Array(elementCount(shape)) : new Float64Array(elementCount(shape)),
  known: false,
});

/**
 * Splits a folded graph's constants into floats, which become tensors, and integers, which model.json stores.
 * @throws UnrollError invalid_model
 */
export function splitConstants({ constants }: FoldedGraph): {
  floats: Map<string, Tensor>;
  whole: OperatorGraphSpec['wholeConstants'];
} {
  const floats = new Map<string, Tensor>();
  const whole: OperatorGraphSpec['wholeConstants'] = {};
  let count = 0;
  for (const [name, { kind, shape, values }] of constants) {
    if (kind === 'float') floats.set(name, { shape, values: values as Float32Array });
    else {
      count += values.length;
      whole[name] = { kind, shape: [...shape], values: Array.from(values) };
    }
  }
  if (count > maxIntegers)
    invalidOperator(`${count} integers among its constants, the limit is ${maxIntegers}`);
  return { floats, whole };
}
