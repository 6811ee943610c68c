import { invalidModel } from '../format-errors.ts';
import {
  type Expansion,
  body,
  givenInputs,
  integers,
  isGiven,
  node,
  number,
  numbers,
} from './function-body.ts';
import type { OnnxNode } from './read-onnx.ts';

// Operators that ONNX or onnxruntime (ContribOperators.md, domain com.microsoft) define as a few others.

/** The attributes of a node but some, as they are. */
const keepAttributes = (one: OnnxNode, from: OnnxNode, without: RegExp): OnnxNode => ({
  ...one,
  attributes: new Map([...from.attributes].filter(([name]) => !without.test(name))),
});

/** The activation of a fused operator, from `sum` to `y`. @param parameters in the activation's order */
function fusedActivation({ attributes }: OnnxNode, parameters: readonly number[]): OnnxNode[] {
  const activation = attributes.get('activation')?.s ?? '';
  const [first = 0, second = 0] = parameters;
  switch (activation) {
    case '':
      return [node('Identity', 'sum -> y')];
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
    case 'Softplus':
    case 'Softsign':
      return [node(activation, 'sum -> y')];
    case 'LeakyRelu':
      return [node('LeakyRelu', 'sum -> y', { alpha: first })];
    case 'HardSigmoid':
      return [node('HardSigmoid', 'sum -> y', { alpha: first, beta: second })];
    case 'Clip':
      return [number('low', first), number('high', second), node('Clip', 'sum, low, high -> y')];
    default:
      return invalidModel(`the activation ${activation} is not supported`);
  }
}

/** y = x · scale / √(mean x² + ε) over the last axis. */
const rootMeanSquare = (given: OnnxNode, epsilon: number): OnnxNode[] => {
  const axis = given.attributes.get('axis')?.i ?? -1;
  if (axis !== -1) invalidModel(`${given.op} over axis ${axis}, must be the last`);
  return [
    node('Mul', 'x, x -> squares'),
    integers('axes', -1),
    node('ReduceMean', 'squares, axes -> mean'),
    number('epsilon', given.attributes.get('epsilon')?.f ?? epsilon),
    node('Add', 'mean, epsilon -> shifted'),
    node('Sqrt', 'shifted -> root'),
    node('Div', 'x, root -> normal'),
    node('Mul', 'normal, scale -> y'),
  ];
};
const rmsNormalization: Expansion = (given) => body('x, scale -> y', ...rootMeanSquare(given, 1e-5));

/** x = input + skip + bias */
const skipSum = (given: OnnxNode, bias: number): OnnxNode[] =>
  isGiven(given, bias)
    ? [node('Add', 'input, skip -> both'), node('Add', 'both, bias -> x')]
    : [node('Add', 'input, skip -> x')];

export const fusedOperators: Readonly<Record<string, Expansion>> = {
  Upsample: ({ attributes }) => {
    const scales = attributes.get('scales')?.floats;
    return body(
      'x, given -> y',
      scales ? numbers('scales', scales) : node('Identity', 'given -> scales'),
      oldResize(attributes.get('mode')?.s),
    );
  },
  Resize: ({ attributes }, opset) =>
    opset < 11 ? body('x, scales -> y', oldResize(attributes.get('mode')?.s)) : undefined,
  Mish: () => body('x -> y', node('Softplus', 'x -> s'), node('Tanh', 's -> t'), node('Mul', 'x, t -> y')),
  Swish: ({ attributes }) => sigmoidWeighted(attributes.get('alpha')?.f ?? 1),
  ReduceLogSum: (given) => {
    const sum = node('ReduceSum', given.inputs.length > 1 ? 'x, axes -> sum' : 'x -> sum');
    return body('x, axes -> y', keepAttributes(sum, given, /^$/), node('Log', 'sum -> y'));
  },
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
  'com.microsoft.Gelu': () => body('x -> y', node('Gelu', 'x -> y')),
  'com.microsoft.QuickGelu': ({ attributes }) => sigmoidWeighted(attributes.get('alpha')?.f ?? 1.702),
  'com.microsoft.BiasGelu': () => body('x, b -> y', node('Add', 'x, b -> s'), node('Gelu', 's -> y')),
  'com.microsoft.FastGelu': (given) => {
    const gelu = (x: string): OnnxNode => node('Gelu', `${x} -> y`, { approximate: 'tanh' });
    return isGiven(given, 1)
      ? body('x, b -> y', node('Add', 'x, b -> s'), gelu('s'))
      : body('x -> y', gelu('x'));
  },
  'com.microsoft.SkipLayerNormalization': (given) => {
    const { attributes } = given;
    const inputs = givenInputs(given, 'input, skip, scale, shift, bias');
    return body(
      `${inputs.join()} -> y, mean, factor, x`,
      ...skipSum(given, 4),
      node('LayerNormalization', `x, scale, ${inputs[3] ?? ''} -> y, mean, factor`, {
        epsilon: attributes.get('epsilon')?.f ?? 1e-12,
      }),
    );
  },
  'com.microsoft.SkipSimplifiedLayerNormalization': (given) =>
    body('input, skip, scale, bias -> y, , , x', ...skipSum(given, 3), ...rootMeanSquare(given, 1e-12)),
  'com.microsoft.FusedGemm': (given) => {
    const parameters = ['activation_alpha', 'activation_beta'].map(
      (name) => given.attributes.get(name)?.f ?? 0,
    );
    const gemm = node('Gemm', `a, b, ${isGiven(given, 2) ? 'c' : ''} -> sum`);
    return body(
      'a, b, c -> y',
      keepAttributes(gemm, given, /^activation/),
      ...fusedActivation(given, parameters),
    );
  },
  'com.microsoft.FusedConv': (given) => {
    const conv = node(
      'Conv',
      `x, w, ${isGiven(given, 2) ? 'b' : ''} -> ${isGiven(given, 3) ? 'conv' : 'sum'}`,
    );
    return body(
      'x, w, b, z -> y',
      keepAttributes(conv, given, /^activation/),
      ...(isGiven(given, 3) ? [node('Add', 'conv, z -> sum')] : []),
      ...fusedActivation(given, given.attributes.get('activation_params')?.floats ?? []),
    );
  },
};

/** The Resize of opset 10: positions are scaled without an offset, and rounded down. */
const oldResize = (mode = 'nearest'): OnnxNode =>
  node('Resize', 'x, , scales -> y', {
    mode,
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });

/** y = x · σ(α x) */
const sigmoidWeighted = (alpha: number) =>
  body(
    'x -> y',
    number('alpha', alpha),
    node('Mul', 'x, alpha -> scaled'),
    node('Sigmoid', 'scaled -> weight'),
    node('Mul', 'x, weight -> y'),
  );
