import type { OnnxNode } from '../model.ts';
import type { GraphCase, GraphDraft } from './draw-graph.ts';

// Operators whose form or meaning changed between opsets, in the form of each.

const opsets = { first: 7, last: 26 } as const;

interface Form {
  readonly since: number;
  readonly until?: number;
  /** Adds the operator. @returns its outputs by name, where they are not one float */
  readonly draw: (
    g: GraphDraft,
    opset: number,
  ) => string | Readonly<Record<string, 'float32' | 'int64' | 'bool' | 'int32'>>;
}

const cube = (g: GraphDraft): [x: string, shape: number[]] => {
  const shape = [g.whole(1, 3), g.whole(1, 4), g.whole(2, 6)];
  return [g.floatInput(...shape), shape];
};
const x = (g: GraphDraft): string => cube(g)[0];
const anyAxis = (g: GraphDraft, opset: number): number => g.whole(opset < 11 ? 0 : -3, 2);
const float = (g: GraphDraft, value: number): string => g.constant(Float32Array.of(value), []);

const softmax: Form = {
  since: 7,
  draw: (g, opset) =>
    g.op(g.one(['Softmax', 'LogSoftmax']), [x(g)], g.chance(0.3) ? {} : { axis: anyAxis(g, opset) }),
};
const reduction: Form = {
  since: 7,
  draw: (g, opset) => {
    const operator = g.one([
      ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2'],
      ...['ReduceSumSquare', 'ReduceLogSumExp', 'ReduceLogSum'],
    ]);
    const from = operator === 'ReduceLogSum' ? g.op('Exp', [x(g)]) : x(g);
    const axes = g.one([[0], [1, 2], [2], [0, 1, 2], null]);
    const asInput = opset >= (operator === 'ReduceSum' ? 13 : 18);
    const keepdims = g.whole(0, 1);
    if (!asInput) return g.op(operator, [from], { keepdims, ...(axes && { axes }) });
    const noop = !axes && g.chance() ? { noop_with_empty_axes: 1 } : {};
    // onnxruntime and ONNX differ on what an element-wise part does without axes
    if ('noop_with_empty_axes' in noop && operator !== 'ReduceSum')
      return g.op('ReduceSum', [from], { keepdims, ...noop });
    return g.op(operator, axes ? [from, g.int64(...axes)] : [from], { keepdims, ...noop });
  },
};
const clip: Form = {
  since: 7,
  draw: (g, opset) =>
    opset < 11
      ? g.op('Clip', [x(g)], {
          ...(g.chance() && { min: { float: -0.3 } }),
          ...(g.chance() && { max: { float: 0.4 } }),
        })
      : g.op('Clip', [x(g), g.chance() ? float(g, -0.3) : '', g.chance() ? float(g, 0.4) : '']),
};
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
const normalisation: Form = {
  since: 7,
  draw: (g, opset) => {
    const [from, shape] = cube(g);
    const channels = shape[1]!;
    const variance = g.constant(
      Float32Array.from({ length: channels }, () => 0.2 + g.whole(0, 9) / 9),
      [channels],
    );
    const own = Array.from({ length: 3 }, () => g.floats(channels));
    if (g.chance(0.3))
      return g.op('InstanceNormalization', [from, own[0]!, own[1]!], { epsilon: { float: 1e-3 } });
    return g.op('BatchNormalization', [from, ...own, variance], {
      epsilon: { float: 1e-3 },
      ...(opset < 9 && g.chance() && { spatial: 1 }),
      ...(opset >= 14 && g.chance() && { training_mode: 0 }),
    });
  },
};
const dropout: Form = {
  since: 7,
  draw: (g, opset) =>
    opset < 12
      ? g.op('Dropout', [x(g)], { ratio: { float: 0.4 } })
      : g.op('Dropout', [x(g), float(g, 0.4)], {}),
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
const pool: Form = {
  since: 7,
  draw: (g, opset) => {
    const operator = g.one(['MaxPool', 'AveragePool'] as const);
    const [size, stride] = [g.whole(1, 3), g.whole(1, 3)];
    const dilated = opset >= (operator === 'MaxPool' ? 10 : 19) && g.chance();
    const attributes: NonNullable<OnnxNode['attributes']> = {
      kernel_shape: [size],
      strides: [stride],
      // with gaps between windows onnxruntime refuses auto_pad, or shifts the first window
      ...(size >= stride && g.chance(0.3)
        ? { auto_pad: g.one(['SAME_UPPER', 'SAME_LOWER', 'VALID']) }
        : { pads: [g.whole(0, size - 1), g.whole(0, size - 1)] }),
      ...(opset >= 10 && { ceil_mode: g.whole(0, 1) }),
      ...(dilated && { dilations: [2] }),
      ...(operator === 'AveragePool' && { count_include_pad: g.whole(0, 1) }),
    };
    return g.op(operator, [g.floatInput(2, 2, g.whole(6, 12))], attributes);
  },
};
const recurrent: Form = {
  since: 7,
  draw: (g) => {
    const [operator, gates] = g.one([
      ['LSTM', 4],
      ['GRU', 3],
      ['RNN', 1],
    ] as const);
    g.op(
      operator,
      [g.floatInput(4, 2, 3), g.floats(1, gates * 2, 3), g.floats(1, gates * 2, 2)],
      { hidden_size: 2 },
      { outputs: 2 },
    );
    return Object.fromEntries(g.outputs().map((name) => [name, 'float32' as const]));
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
const best: Form = {
  since: 7,
  draw: (g, opset) => {
    const from = g.op('Floor', [g.input('float32', [2, 3, 5], () => g.whole(0, 3))]);
    const y = g.op(g.one(['ArgMax', 'ArgMin']), [from], {
      ...(g.chance() && { axis: anyAxis(g, opset) }),
      keepdims: g.whole(0, 1),
      ...(opset >= 12 && g.chance() && { select_last_index: 1 }),
    });
    return { [y]: 'int64' };
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

const forms = {
  ...{
    softmax,
    reduction,
    clip,
    pad,
    slice,
    squeeze,
    split,
    normalisation,
    dropout,
    upsample,
    pool,
    recurrent,
  },
  ...{ broadcast, compare, best, shapes, quantise },
} as const satisfies Record<string, Form>;

export function olderForms(g: GraphDraft): GraphCase {
  const opset = g.whole(opsets.first, opsets.last);
  const [name, { draw }] = g.one(
    Object.entries(forms as Record<string, Form>).filter(
      ([, { since, until = opsets.last }]) => opset >= since && opset <= until,
    ),
  );
  const drawn = draw(g, opset);
  return g.finish(
    `${name} of opset ${opset}`,
    typeof drawn === 'string' ? { [drawn]: 'float32' } : drawn,
    opset,
  );
}
