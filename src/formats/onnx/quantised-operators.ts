import { invalidModel } from '../format-errors.ts';
import { type Expansion, body, givenInputs, isGiven, node, number } from './function-body.ts';
import type { OnnxNode } from './read-onnx.ts';

// onnxruntime's operators of quantised numbers (ContribOperators.md): between a DequantizeLinear and a
// QuantizeLinear, or integer products and a scale.

/** An operator of quantised inputs and output. @param operands how many inputs are quantised */
const quantised =
  (operator: string, operands: 1 | 2): Expansion =>
  (given) => {
    if ((given.attributes.get('channels_last')?.i ?? 0) !== 0)
      invalidModel(`${given.op} with the channels last is not supported`);
    const { attributes } = given;
    const names = ['a', 'b'].slice(0, operands);
    const inputs = givenInputs(
      given,
      [...names.map((name) => `${name}, ${name}_scale, ${name}_zero`), 'y_scale, y_zero'].join(', '),
    );
    return body(
      `${inputs.join()} -> y`,
      ...names.map((name, i) =>
        node('DequantizeLinear', `${inputs.slice(3 * i, 3 * i + 3).join()} -> ${name}_float`),
      ),
      { ...node(operator, `${names.map((name) => `${name}_float`).join()} -> exact`), attributes },
      node('QuantizeLinear', `exact, ${inputs.slice(3 * operands).join()} -> y`),
    );
  };

/** y = (a − a_zero) (b − b_zero) · a_scale · b_scale + bias, from a and b. */
const scaledProduct = (zeros: string, biased: boolean): OnnxNode[] => [
  node('MatMulInteger', `a, b, ${zeros} -> products`),
  node('Cast', 'products -> floats', { to: 1 }),
  node('Mul', 'a_scale, b_scale -> scale'),
  node('Mul', `floats, scale -> ${biased ? 'scaled' : 'y'}`),
  ...(biased ? [node('Add', 'scaled, bias -> y')] : []),
];

const matMulIntegerToFloat: Expansion = (given) => {
  const inputs = givenInputs(given, 'a, b, a_scale, b_scale, a_zero, b_zero, bias');
  return body(`${inputs.join()} -> y`, ...scaledProduct(`${inputs[4]}, ${inputs[5]}`, isGiven(given, 6)));
};

const dynamicQuantizeMatMul: Expansion = (given) => {
  const inputs = givenInputs(given, 'x, b, b_scale, b_zero, bias');
  return body(
    `${inputs.join()} -> y`,
    node('DynamicQuantizeLinear', 'x -> a, a_scale, a_zero'),
    ...scaledProduct(`a_zero, ${inputs[3]}`, isGiven(given, 4)),
  );
};

/** y = α · A B + C with integer products; quantised where y_scale is given. */
const qGemm: Expansion = (given) => {
  const { attributes } = given;
  const inputs = givenInputs(given, 'a, a_scale, a_zero, b, b_scale, b_zero, c, y_scale, y_zero');
  const turn = (name: string): OnnxNode =>
    (attributes.get(`trans${name.toUpperCase()}`)?.i ?? 0) === 0
      ? node('Identity', `${name} -> ${name}_turned`)
      : node('Transpose', `${name} -> ${name}_turned`, { perm: [1, 0] });
  const added = isGiven(given, 6);
  const answer = isGiven(given, 7) ? 'scaled' : 'y';
  return body(
    `${inputs.join()} -> y`,
    turn('a'),
    turn('b'),
    node('MatMulInteger', `a_turned, b_turned, a_zero, b_zero -> ${added ? 'products' : 'sums'}`),
    ...(added ? [node('Add', 'products, c -> sums')] : []),
    node('Cast', 'sums -> floats', { to: 1 }),
    number('alpha', attributes.get('alpha')?.f ?? 1),
    node('Mul', 'a_scale, b_scale -> scales'),
    node('Mul', 'scales, alpha -> scale'),
    node('Mul', `floats, scale -> ${answer}`),
    ...(answer === 'y' ? [] : [node('QuantizeLinear', `scaled, y_scale, ${inputs[8] ?? ''} -> y`)]),
  );
};

const qLinearConcat: Expansion = (given) => {
  const parts = Array.from({ length: (given.inputs.length - 2) / 3 }, (_, i) => i);
  return body(
    `y_scale, y_zero, ${parts.map((i) => `x${i}, scale${i}, zero${i}`).join()} -> y`,
    ...parts.map((i) => node('DequantizeLinear', `x${i}, scale${i}, zero${i} -> float${i}`)),
    { ...node('Concat', `${parts.map((i) => `float${i}`).join()} -> exact`), attributes: given.attributes },
    node('QuantizeLinear', 'exact, y_scale, y_zero -> y'),
  );
};

const qLinearWhere: Expansion = () =>
  body(
    'chosen, a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero -> y',
    node('DequantizeLinear', 'a, a_scale, a_zero -> a_float'),
    node('DequantizeLinear', 'b, b_scale, b_zero -> b_float'),
    node('Where', 'chosen, a_float, b_float -> exact'),
    node('QuantizeLinear', 'exact, y_scale, y_zero -> y'),
  );

/** The operator of ONNX's own domain. */
const plain =
  (operator: string): Expansion =>
  (given) => {
    const inputs = givenInputs(given, 'x, scale, zero');
    return body('x, scale, zero -> y', {
      ...node(operator, `${inputs.join()} -> y`),
      attributes: given.attributes,
    });
  };

export const quantisedOperators: Readonly<Record<string, Expansion>> = {
  'com.microsoft.QuantizeLinear': plain('QuantizeLinear'),
  'com.microsoft.DequantizeLinear': plain('DequantizeLinear'),
  'com.microsoft.MatMulIntegerToFloat': matMulIntegerToFloat,
  'com.microsoft.DynamicQuantizeMatMul': dynamicQuantizeMatMul,
  'com.microsoft.QGemm': qGemm,
  'com.microsoft.QLinearAdd': quantised('Add', 2),
  'com.microsoft.QLinearMul': quantised('Mul', 2),
  'com.microsoft.QLinearSigmoid': quantised('Sigmoid', 1),
  'com.microsoft.QLinearLeakyRelu': quantised('LeakyRelu', 1),
  'com.microsoft.QLinearAveragePool': quantised('AveragePool', 1),
  'com.microsoft.QLinearGlobalAveragePool': quantised('GlobalAveragePool', 1),
  'com.microsoft.QLinearConcat': qLinearConcat,
  'com.microsoft.QLinearWhere': qLinearWhere,
};
