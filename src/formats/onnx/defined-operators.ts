import { invalidModel } from '../format-errors.ts';
import { type Expansion, body, integers, node, number, numbers } from './function-body.ts';
import type { OnnxNode } from './read-onnx.ts';

// Operators of ONNX in terms of others.

const list = (given: OnnxNode, name: string, otherwise: readonly number[]): readonly number[] =>
  given.attributes.get(name)?.ints ?? otherwise;

/** centred = x − mean, variance = mean of its squares: over `axes`, which is a value */
const moments = (x: string): OnnxNode[] => [
  node('ReduceMean', `${x}, axes -> mean`),
  node('Sub', `${x}, mean -> centred`),
  node('Mul', 'centred, centred -> squares'),
  node('ReduceMean', 'squares, axes -> variance'),
];

export const definedOperators: Readonly<Record<string, Expansion>> = {
  Scatter: (given) =>
    body(
      'x, i, u -> y',
      node('ScatterElements', 'x, i, u -> y', { axis: given.attributes.get('axis')?.i ?? 0 }),
    ),
  EyeLike: ({ attributes }) => {
    const [k, to] = [attributes.get('k')?.i ?? 0, attributes.get('dtype')?.i];
    return body(
      'x -> y',
      node('Shape', 'x -> sizes'),
      node('ConstantOfShape', 'sizes -> zeros'),
      number('one', 1),
      node('Add', 'zeros, one -> ones'),
      node('Constant', ' -> k', { value_int: k }),
      node('Trilu', 'ones, k -> above', { upper: 1 }),
      node('Trilu', 'above, k -> eye', { upper: 0 }),
      to === undefined ? node('CastLike', 'eye, x -> y') : node('Cast', 'eye -> y', { to }),
    );
  },
  Hardmax: ({ attributes }, opset) => {
    const axis = attributes.get('axis')?.i ?? (opset < 13 ? 1 : -1);
    if (opset < 13 && axis !== -1)
      invalidModel(`Hardmax over axis ${axis} of opset ${opset} is not supported`);
    return body(
      'x -> y',
      node('ArgMax', 'x -> at', { axis, keepdims: 0 }),
      node('Shape', 'x -> sizes'),
      integers('axis', axis),
      node('Gather', 'sizes, axis -> depth'),
      numbers('values', [0, 1]),
      node('OneHot', 'at, depth, values -> hot', { axis }),
      node('CastLike', 'hot, x -> y'),
    );
  },
  Shrink: ({ attributes }) =>
    body(
      'x -> y',
      number('high', attributes.get('lambd')?.f ?? 0.5),
      node('Neg', 'high -> low'),
      number('bias', attributes.get('bias')?.f ?? 0),
      number('zero', 0),
      node('Add', 'x, bias -> up'),
      node('Sub', 'x, bias -> down'),
      node('Less', 'x, low -> below'),
      node('Greater', 'x, high -> above'),
      node('Where', 'above, down, zero -> upper'),
      node('Where', 'below, up, upper -> y'),
    ),
  LpNormalization: ({ attributes }) =>
    body(
      'x -> y',
      integers('axes', attributes.get('axis')?.i ?? -1),
      node(attributes.get('p')?.i === 1 ? 'ReduceL1' : 'ReduceL2', 'x, axes -> norm'),
      number('zero', 0),
      node('Equal', 'norm, zero -> none'),
      node('Div', 'x, norm -> divided'),
      node('Where', 'none, zero, divided -> y'),
    ),
  MeanVarianceNormalization: (given) =>
    body(
      'x -> y',
      integers('axes', ...list(given, 'axes', [0, 2, 3])),
      ...moments('x'),
      node('Sqrt', 'variance -> deviation'),
      number('epsilon', 1e-9),
      node('Add', 'deviation, epsilon -> divisor'),
      node('Div', 'centred, divisor -> y'),
    ),
  // x [N, C, …]; scale and bias [C], before opset 21 [groups]
  GroupNormalization: ({ attributes }, opset) => {
    const scaled = [
      integers('one', 1),
      node('Unsqueeze', 'scale, one -> factors'),
      node('Unsqueeze', 'bias, one -> shifts'),
    ];
    const scale = (from: string, to: string): OnnxNode[] => [
      node('Mul', `${from}, factors -> scaled`),
      node('Add', `scaled, shifts -> ${to}`),
    ];
    return body(
      'x, scale, bias -> y',
      integers('grouped', 0, attributes.get('num_groups')?.i ?? NaN, -1),
      integers('channels', 0, 0, -1),
      integers('axes', 2),
      ...scaled,
      node('Shape', 'x -> sizes'),
      node('Reshape', 'x, grouped -> groups'),
      ...moments('groups'),
      number('epsilon', attributes.get('epsilon')?.f ?? 1e-5),
      node('Add', 'variance, epsilon -> shifted'),
      node('Sqrt', 'shifted -> deviation'),
      node('Div', 'centred, deviation -> normal'),
      ...(opset < 21
        ? scale('normal', 'all')
        : [
            node('Reshape', 'x, channels -> rows'),
            node('Shape', 'rows -> row_sizes'),
            node('Reshape', 'normal, row_sizes -> normal_rows'),
            ...scale('normal_rows', 'all'),
          ]),
      node('Reshape', 'all, sizes -> y'),
    );
  },
};
