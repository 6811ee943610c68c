import type { GraphCase, GraphDraft } from './draw-graph.ts';

// Operators that order, read and write by index, transposed convolutions, and functions that are defined by others.

const sizes = (g: GraphDraft, rank: number): number[] => Array.from({ length: rank }, () => g.whole(2, 5));

export function topK(g: GraphDraft): GraphCase {
  const shape = sizes(g, g.whole(1, 3));
  const axis = g.whole(-shape.length, shape.length - 1);
  const [largest, opset] = [g.whole(0, 1), g.one([9, 10, 11, 21])];
  const x = g.input('float32', shape, () => g.whole(-3, 3));
  const k = g.whole(1, shape.at(axis)!);
  if (opset < 10) g.op('TopK', [x], { axis, k }, { outputs: 2 });
  else g.op('TopK', [x, g.int64(k)], { axis, ...(opset > 10 && { largest }) }, { outputs: 2 });
  const [values, indices] = g.outputs();
  return g.finish(`TopK of opset ${opset}`, { [values!]: 'float32', [indices!]: 'int64' }, opset);
}

export function scatters(g: GraphDraft): GraphCase {
  const shape = sizes(g, 3);
  const x = g.floatInput(...shape);
  const reduction = g.one(['none', 'add', 'mul', 'max', 'min']);
  if (g.chance()) {
    const axis = g.whole(0, 2);
    // with a sum, an index may come twice
    const at = shape.map((size, i) => (i === axis && reduction === 'none' ? 1 : size));
    const size = shape[axis]!;
    const indices = g.input('int64', at, () => g.whole(-size, size - 1));
    const y = g.op('ScatterElements', [x, indices, g.floatInput(...at)], { axis, reduction });
    return g.finish(`ScatterElements ${reduction}`, { [y]: 'float32' });
  }
  const depth = g.whole(1, 3);
  const rows = reduction === 'none' ? 1 : 4;
  const indices = g.input('int64', [rows, depth], () => g.whole(0, 1));
  const y = g.op('ScatterND', [x, indices, g.floatInput(rows, ...shape.slice(depth))], { reduction });
  return g.finish(`ScatterND ${reduction}`, { [y]: 'float32' });
}

export function gatherNd(g: GraphDraft): GraphCase {
  const shape = sizes(g, 3);
  const shared = g.whole(0, 1);
  const depth = g.whole(1, 3 - shared);
  const indices = g.input('int64', [...shape.slice(0, shared), 3, depth], () => g.whole(-2, 1));
  const y = g.op('GatherND', [g.floatInput(...shape), indices], { batch_dims: shared });
  return g.finish(`GatherND behind ${shared}`, { [y]: 'float32' });
}

export function reverseSequence(g: GraphDraft): GraphCase {
  const [batch, steps] = [g.whole(1, 3), g.whole(1, 6)];
  const timeFirst = g.chance();
  const x = g.floatInput(...(timeFirst ? [steps, batch] : [batch, steps]), 3);
  const lengths = g.input('int64', [batch], () => g.whole(1, steps));
  const axes = timeFirst ? { time_axis: 0, batch_axis: 1 } : { time_axis: 1, batch_axis: 0 };
  const y = g.op('ReverseSequence', [x, lengths], axes);
  return g.finish(`ReverseSequence of axis ${axes.time_axis}`, { [y]: 'float32' });
}

export function transposedConvolution(g: GraphDraft): GraphCase {
  const rank = g.whole(1, 2);
  const each = (low: number, high: number): number[] =>
    Array.from({ length: rank }, () => g.whole(low, high));
  const [kernel, strides, dilations, group] = [each(1, 4), each(1, 3), each(1, 2), g.whole(1, 2)];
  const extra = strides.map((stride) => g.whole(0, stride - 1));
  const room = kernel.map((size, i) => Math.min(2, (size - 1) * dilations[i]!));
  const pads = [...room, ...room].map((most) => g.whole(0, most));
  const x = g.floatInput(g.whole(1, 2), 4, ...each(3, 6));
  const y = g.op(
    'ConvTranspose',
    [x, g.floats(4, 6 / group, ...kernel), ...(g.chance() ? [g.floats(6)] : [])],
    { kernel_shape: kernel, strides, dilations, group, output_padding: extra, pads },
  );
  return g.finish(`ConvTranspose of ${rank} axes, ${group} groups`, { [y]: 'float32' }, g.one([11, 21]));
}

export function definedByOthers(g: GraphDraft): GraphCase {
  const x = g.floatInput(g.whole(1, 3), 4, 5);
  const axis = g.whole(0, 2);
  const [operator, inputs, attributes] = g.one([
    ['LpNormalization', [x], { axis, p: g.whole(1, 2) }],
    ['MeanVarianceNormalization', [x], { axes: [0, axis === 0 ? 1 : axis] }],
    ['GroupNormalization', [x, g.floats(4), g.floats(4)], { num_groups: g.one([1, 2, 4]) }],
    ['Hardmax', [x], { axis }],
    ['Shrink', [x], { lambd: { float: 0.4 }, bias: { float: 0.1 } }],
    ['Tan', [x], {}],
    ['Asin', [x], {}],
    ['Acos', [x], {}],
    ['Sinh', [x], {}],
    ['Cosh', [x], {}],
    ['Asinh', [x], {}],
    ['Atanh', [x], {}],
  ] as const);
  const y = g.op(operator, inputs, attributes);
  return g.finish(operator, { [y]: 'float32' });
}
