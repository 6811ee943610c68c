import { joinWork } from './slices.ts';
import { mapValues } from './element-wise.ts';
import { matMul } from './matrix.ts';
import { invalidOperator } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { permuted, requireInputs } from './shape.ts';

/**
 * com.microsoft.FusedMatMul: y = α · A · B, with the last two axes of A and B exchanged where transA and transB
 * say so.
 */
const fusedMatMul: OperatorImplementation = (operator, inputs, context) => {
  for (const name of ['transBatchA', 'transBatchB'])
    if (numberAttribute(operator, name, 0) !== 0) invalidOperator(`${name} is not supported`);
  const alpha = numberAttribute(operator, 'alpha', 1);
  const turned = requireInputs(inputs, 2).map((x, i) => {
    const rank = x.shape.length;
    const order = x.shape.map((_, axis) => axis);
    return numberAttribute(operator, i === 0 ? 'transA' : 'transB', 0) !== 0 && rank > 1
      ? permuted(x, [...order.slice(0, -2), rank - 1, rank - 2], context)
      : { outputs: [x], run: null };
  });
  const product = matMul(
    operator,
    turned.map(({ outputs }) => outputs[0]),
    context,
  );
  const [y] = product.outputs;
  return {
    outputs: [y!],
    ...joinWork([
      ...turned,
      product,
      ...(alpha === 1 ? [] : [mapValues(y!.values, y!.values, (value) => alpha * value)]),
    ]),
  };
};

export const fusedMatMulOperators: Readonly<Record<string, OperatorImplementation>> = {
  'com.microsoft.FusedMatMul': fusedMatMul,
  'com.microsoft.TransposeMatMul': fusedMatMul,
};
