import { invalidOperator, elementCount, type Operand } from '../../operators/operand.ts';
import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import type { FoldedGraph } from './fold-constants.ts';

/** Whole numbers that a model.json may hold. */
const mostWhole = 100_000;

/** What is fed, before anything is. */
export const createPlaceholder = (shape: readonly number[], kind: Operand['kind']): Operand => ({
  kind,
  shape,
  values: kind === 'float' ? new Float32Array(elementCount(shape)) : new Float64Array(elementCount(shape)),
  known: false,
});

/** A folded program's constants: those that become tensors, and those that model.json holds. @throws UnrollError invalid_model */
export function splitConstants({ constants }: FoldedGraph): {
  floats: Map<string, Tensor>;
  whole: ProgramSpec['wholeConstants'];
} {
  const floats = new Map<string, Tensor>();
  const whole: ProgramSpec['wholeConstants'] = {};
  let count = 0;
  for (const [name, { kind, shape, values }] of constants) {
    if (kind === 'float') floats.set(name, { shape, values: values as Float32Array });
    else {
      count += values.length;
      whole[name] = { kind, shape: [...shape], values: Array.from(values) };
    }
  }
  if (count > mostWhole)
    invalidOperator(`${count} whole numbers among its constants, the limit is ${mostWhole}`);
  return { floats, whole };
}
