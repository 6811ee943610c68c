import type { OnnxNode } from '../model.ts';
import { cube, float, type Form } from './form.ts';

// Operators that move elements or compute on each, in the form of each opset.

const pad: Form = {
  since: 7,
  draw: (g, opset) => {
    const mode = g.one(['constant', 'constant', 'edge', 'reflect', ...(opset >= 19 ? ['wrap'] : [])]);
    const pads = [0, 0, 1, 0, g.whole(0, 1), g.whole(0, 1)];
    const from = g.floatInput(2, 3, 4);
    if (opset < 11) return g.op('Pad', [from], { mode, pads, value: { float: 0.7 } });
    const value = mode === 'constant' && g.chance() ? float(g, 0.7) : '';
    return opset >= 18 && g.chance()
      ? g.op('Pad', [from, g.int64(1, 1), value, g.int64(g.one([2, -1]))], { mode })
      : g.op('Pad', [from, g.int64(...pads), value], { mode });
  },
};
const slice: Form = {
  since: 7,
  draw: (g, opset) => {
    const [starts, ends, axes] = g.one([
      [
        [0, 1],
        [2, 3],
        [1, 2],
      ],
      [[-2], [9999], [2]],
      [[0], [-1], [0]],
    ] as [number[], number[], number[]][]);
    const from = g.floatInput(3, 3, 5);
    if (opset < 10) return g.op('Slice', [from], { starts, ends, axes });
    const backwards = g.chance(0.4);
    return backwards
      ? g.op('Slice', [from, g.int64(-1), g.int64(-9999), g.int64(2), g.int64(-2)])
      : g.op('Slice', [from, ...[starts, ends, axes].map((list) => g.int64(...list))]);
  },
};
const squeeze: Form = {
  since: 7,
  draw: (g, opset) => {
    const from = g.floatInput(2, 1, 3);
    const withAxes = (operator: string, read: string, axes: number[]): string =>
      opset < 13 ? g.op(operator, [read], { axes }) : g.op(operator, [read, g.int64(...axes)]);
    const thin = g.chance(0.3) ? g.op('Squeeze', [from]) : withAxes('Squeeze', from, [1]);
    return withAxes('Unsqueeze', thin, g.one(opset < 11 ? [[0], [0, 3]] : [[0, 3], [-1], [0, -1]]));
  },
};
const split: Form = {
  since: 7,
  draw: (g, opset) => {
    const uneven = opset >= 18 && g.chance();
    const from = g.floatInput(2, uneven ? 7 : 6);
    const given = !uneven && g.chance();
    const parts = g.one([2, 3]);
    const sizes = parts === 2 ? [2, 4] : [1, 2, 3];
    const inputs = given && opset >= 13 ? [from, g.int64(...sizes)] : [from];
    g.op(
      'Split',
      inputs,
      {
        axis: 1,
        ...(given && opset < 13 && { split: sizes }),
        ...(opset >= 18 && !given && { num_outputs: uneven ? 4 : parts }),
      },
      { outputs: uneven ? 4 : parts },
    );
    return Object.fromEntries(g.outputs().map((name) => [name, 'float32' as const]));
  },
};
const upsample: Form = {
  since: 7,
  until: 9,
  draw: (g, opset) => {
    const scales = Float32Array.of(1, 1, 2, g.one([1, 3, 1.5]));
    const from = g.floatInput(1, 2, 3, 4);
    const mode = g.one(['nearest', 'linear']);
    return opset < 9
      ? g.op('Upsample', [from], { mode, scales })
      : g.op('Upsample', [from, g.constant(scales, [4])], { mode });
  },
};
const shapes: Form = {
  since: 14,
  draw: (g, opset) => {
    const from = g.floatInput(2, 3, 4);
    if (opset >= 15 && g.chance())
      return { [g.op('Shape', [from], g.one([{ start: 1 }, { end: -1 }, { start: -2, end: 9 }]))]: 'int64' };
    const target = g.one([
      [0, -1],
      [4, 6],
      [-1, 0, 2, 2],
      [0, 0, 2, 2],
    ]);
    return g.op('Reshape', [from, g.int64(...target)], {});
  },
};
const broadcast: Form = {
  since: 7,
  draw: (g, opset) => {
    const [from, shape] = cube(g);
    const same = opset < 8 ? shape : g.one([shape, shape.slice(-1), [1, shape[1]!, 1]]);
    const operator = g.one(['Sum', 'Mean', 'Max', 'Min', 'Add', 'Sub', 'Mul', 'Div', 'PRelu']);
    const other = ['Add', 'Sub', 'Mul', 'Div', 'PRelu'].includes(operator) ? shape.slice(-1) : same;
    return g.op(operator, [from, g.floats(...other)]);
  },
};
const compare: Form = {
  since: 9,
  draw: (g, opset) => {
    const [from, shape] = cube(g);
    const operators = ['Greater', 'Less', ...(opset >= 16 ? ['LessOrEqual', 'GreaterOrEqual'] : [])];
    const told = g.op(g.one(operators), [from, g.floats(...shape)]);
    return { [told]: 'bool', [g.op('Where', [told, from, g.floats(shape[2]!)])]: 'float32' };
  },
};
const quantise: Form = {
  since: 10,
  draw: (g, opset) => {
    const [from, shape] = cube(g);
    const perAxis = opset >= 13 && g.chance();
    const own = perAxis ? [shape[1]!] : [];
    const [scale, zero] = [g.scale(...own), g.wholes('uint8', own, 90, 150)];
    return g.op('DequantizeLinear', [g.op('QuantizeLinear', [from, scale, zero]), scale, zero]);
  },
};
const elements: Form = {
  since: 11,
  draw: (g, opset) => {
    const from = g.input('float32', [2, 3, 4], () => Math.fround(g.whole(-300, 300) / 100));
    const unary = [
      'Round',
      'Erf',
      'Softplus',
      'Softsign',
      'Elu',
      'Selu',
      'HardSigmoid',
      'LeakyRelu',
      'Sign',
      'Neg',
      'Ceil',
    ];
    const [operator, more, attributes] = g.one<[string, () => string[], NonNullable<OnnxNode['attributes']>]>(
      [
        [g.one(unary), () => [], {}],
        ['ThresholdedRelu', () => [], { alpha: { float: 0.5 } }],
        [
          'CumSum',
          () => [g.constant(BigInt64Array.of(BigInt(g.whole(-3, 2))), [])],
          { reverse: g.whole(0, 1), exclusive: g.whole(0, 1) },
        ],
        ['Mod', () => [g.floats(4)], { fmod: 1 }],
        ['Pow', () => [float(g, 3)], {}],
        ['Expand', () => [g.int64(...g.one([[5, 1, 1, 1], [2, 3, 4], [1]]))], {}],
        ['Tile', () => [g.int64(1, 2, 3)], {}],
        ['Gather', () => [g.int64(-1, 0, 1)], { axis: g.whole(-3, 2) }],
        ['Flatten', () => [], { axis: g.whole(-3, 3) }],
        ...(opset >= 14
          ? ([['Trilu', () => [g.constant(BigInt64Array.of(1n), [])], { upper: g.whole(0, 1) }]] as const)
          : []),
        ...(opset >= 17
          ? ([['LayerNormalization', () => [g.floats(3, 4), g.floats(4)], { axis: -2 }]] as const)
          : []),
      ] as [string, () => string[], NonNullable<OnnxNode['attributes']>][],
    );
    return g.op(operator, [from, ...more()], attributes);
  },
};

export const formsOfElements = {
  pad,
  slice,
  squeeze,
  split,
  upsample,
  shapes,
  broadcast,
  compare,
  quantise,
  elements,
};
