import { invalidOperator, elementCount, type Operand } from '../../operators/operand.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
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
 * Those of up to 16 bits, such as quantised weights, are tensors that an operator casts.
 * @throws UnrollError invalid_model
 */
export function splitConstants({ constants, operators }: Pick<FoldedGraph, 'constants' | 'operators'>): {
  floats: Map<string, Tensor>;
  whole: OperatorGraphSpec['wholeConstants'];
  operators: OperatorSpec[];
} {
  const floats = new Map<string, Tensor>();
  const whole: OperatorGraphSpec['wholeConstants'] = {};
  const casts: OperatorSpec[] = [];
  let count = 0;
  for (const [name, { kind, shape, values }] of constants) {
    const dataType = narrowDataTypes[kind];
    if (kind === 'float') floats.set(name, { shape, values: values as Float32Array });
    else if (dataType !== undefined && values.length > 1) {
      const stored = `${name} as floats`;
      floats.set(stored, { shape, values: Float32Array.from(values) });
      casts.push({ operator: 'Cast', inputs: [stored], outputs: [name], attributes: { to: dataType } });
    } else {
      count += values.length;
      whole[name] = { kind, shape: [...shape], values: Array.from(values) };
    }
  }
  if (count > maxIntegers)
    invalidOperator(`${count} integers among its constants, the limit is ${maxIntegers}`);
  return { floats, whole, operators: [...casts, ...operators] };
}

/** TensorProto.DataType of the integers that float32 has exactly. */
const narrowDataTypes: Partial<Record<Operand['kind'], number>> = { uint8: 2, int8: 3, uint16: 4, int16: 5 };
