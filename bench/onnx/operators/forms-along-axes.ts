import type { OnnxNode } from '../model.ts';
import { anyAxis, cube, float, x, type Form } from './form.ts';

// Reductions, windows, recurrences and normalisation, in the form of each opset.

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
const pool: Form = {
  since: 7,
  draw: (g, opset) => {
    const operator = g.one(['MaxPool', 'AveragePool'] as const);
    const [size, stride, rank] = [g.whole(1, 3), g.whole(1, 3), g.one([1, 2])];
    const each = (draw: () => number, count = rank): number[] => Array.from({ length: count }, draw);
    const dilated = opset >= (operator === 'MaxPool' ? 10 : 19) && g.chance();
    const attributes: NonNullable<OnnxNode['attributes']> = {
      kernel_shape: each(() => size),
      strides: each(() => stride),
      // with gaps between windows onnxruntime refuses auto_pad, or shifts the first window; we refuse it with dilations
      ...(size >= stride && !dilated && g.chance(0.3)
        ? { auto_pad: g.one(['SAME_UPPER', 'SAME_LOWER', 'VALID']) }
        : { pads: each(() => g.whole(0, size - 1), 2 * rank) }),
      ...(opset >= 10 && { ceil_mode: g.whole(0, 1) }),
      ...(dilated && { dilations: each(() => 2) }),
      ...(operator === 'AveragePool' && { count_include_pad: g.whole(0, 1) }),
    };
    return g.op(operator, [g.floatInput(2, 2, ...each(() => g.whole(6, 12)))], attributes);
  },
};
const convolution: Form = {
  since: 7,
  draw: (g) => {
    const [rank, groups, dilated] = [g.one([1, 2]), g.one([1, 2]), g.chance()];
    const each = (draw: () => number, count = rank): number[] => Array.from({ length: count }, draw);
    const kernel = each(() => g.whole(1, 3));
    const [channels, out] = [groups * g.whole(1, 2), groups * g.whole(1, 2)];
    const weight = g.floats(out, channels / groups, ...kernel);
    return g.op(
      'Conv',
      [
        g.floatInput(2, channels, ...each(() => g.whole(6, 9))),
        weight,
        ...(g.chance() ? [g.floats(out)] : []),
      ],
      {
        kernel_shape: kernel,
        group: groups,
        strides: each(() => g.whole(1, 3)),
        ...(dilated && { dilations: each(() => 2) }),
        ...(!dilated && g.chance()
          ? { auto_pad: g.one(['SAME_UPPER', 'SAME_LOWER', 'VALID']) }
          : { pads: each(() => g.whole(0, 2), 2 * rank) }),
      },
    );
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

export const formsAlongAxes = {
  softmax,
  reduction,
  clip,
  normalisation,
  dropout,
  pool,
  convolution,
  recurrent,
  best,
};
