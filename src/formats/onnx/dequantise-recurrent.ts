import type { Operand } from '../../operators/operand.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import type { OperatorSpec } from '../../operators/spec.ts';

// com.microsoft.DynamicQuantizeLSTM, whose numbers depend on the sequences that run together, as the LSTM that it was made
// from: its weights as float32 constants. For models that model.json gives a precision, which quantises them again, with
// activations that depend on their own row only.

/** The same graph without DynamicQuantizeLSTM, except where weights are no constants. */
export function dequantiseRecurrent(graph: SignedGraph): SignedGraph {
  const constants = new Map(graph.constants);
  const operators = graph.operators.map((operator) => {
    const matrices =
      operator.operator === 'com.microsoft.DynamicQuantizeLSTM' ? readMatrices(operator, constants) : null;
    if (!matrices) return operator;
    const [x, w, r, ...rest] = operator.inputs;
    const names = [w!, r!].map((name) => `${name} as float32`);
    matrices.forEach((matrix, i) => constants.set(names[i]!, matrix));
    // B, sequence_lens, initial_h, initial_c, P
    return { ...operator, operator: 'LSTM', inputs: [x!, ...names, ...rest.slice(0, 5)] };
  });
  return { ...graph, operators, constants };
}

/** W and R; null where one of them, a scale or a zero point is computed or has a shape that the operator refuses. */
function readMatrices({ inputs }: OperatorSpec, constants: SignedGraph['constants']): Operand[] | null {
  const matrices = [
    [1, 8, 9],
    [2, 10, 11],
  ].map((places) => {
    const [weights, scale, zero] = places.map((place) => constants.get(inputs[place] ?? ''));
    return weights && scale && zero ? dequantise(weights, scale, zero) : null;
  });
  return matrices.every((matrix) => matrix !== null) ? matrices : null;
}

/**
 * weights [directions, inner, columns], scale and zero [directions] or [directions, columns] → float32 [directions, columns,
 * inner]
 */
function dequantise(weights: Operand, scale: Operand, zero: Operand): Operand | null {
  const [directions = 0, inner = 0, columns = 0] = weights.shape;
  const perColumn = scale.values.length === directions * columns;
  const expected = perColumn ? directions * columns : directions;
  if (weights.shape.length !== 3 || scale.values.length !== expected || zero.values.length !== expected)
    return null;
  const values = new Float32Array(directions * columns * inner);
  for (let d = 0; d < directions; d++)
    for (let column = 0; column < columns; column++) {
      const at = perColumn ? d * columns + column : d;
      for (let k = 0; k < inner; k++)
        values[(d * columns + column) * inner + k] =
          (weights.values[(d * inner + k) * columns + column]! - zero.values[at]!) * scale.values[at]!;
    }
  return { ...scale, shape: [directions, columns, inner], values };
}
