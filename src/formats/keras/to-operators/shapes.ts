import { invalidModel, quote } from '../../format-errors.ts';
import { readSingleSize } from '../conv1d.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { requireField } from '../supported-fields.ts';
import { requireSequence, formatShape, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

// Layers that move numbers about and compute none.

/** The numbers that a shape has; null where a sequence's length tells. */
const sizeOf = (shape: GraphTensor['shape']): number | null =>
  shape.reduce((product, size) => (product === null || size === null ? null : product * size), 1);

const reshaped = (x: GraphTensor, shape: GraphTensor['shape'], graph: GraphBuilder): GraphTensor => ({
  value: graph.add('Reshape', [x.value, graph.numbers([1, ...shape.map((size) => size ?? -1)])]),
  shape,
});

export function flatten({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  requireField(config, 'data_format', ['channels_last']);
  const size = sizeOf(x.shape);
  if (size === null)
    return invalidModel(
      `flattens ${formatShape(x.shape)}: how many numbers come of it must not depend on the sequence`,
    );
  return x.shape.length === 1 ? x : reshaped(x, [size], graph);
}

/** To `target_shape`, of which one size may be -1. */
export function reshape({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const said = config['target_shape'];
  if (!Array.isArray(said) || said.length === 0 || said.length > 6)
    return invalidModel(`target_shape ${quote(said)}`);
  const sizes = said.map((size: unknown) =>
    Number.isSafeInteger(size) && (size === -1 || (size as number) > 0)
      ? (size as number)
      : invalidModel(`target_shape ${quote(said)}`),
  );
  const open = sizes.filter((size) => size === -1).length;
  const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const whole = sizeOf(x.shape);
  const rest = whole === null ? null : whole / known;
  const fits = whole === null ? open === 1 : open === 0 ? rest === 1 : open === 1 && Number.isInteger(rest);
  if (!fits) invalidModel(`${formatShape(x.shape)} as [${sizes.join(', ')}]`);
  return reshaped(
    x,
    sizes.map((size) => (size === -1 ? rest : size)),
    graph,
  );
}

/** `dims` are the axes in their new order, from 1. */
export function permute({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { dims } = config;
  const wanted = x.shape.map((_, i) => i + 1);
  if (
    !Array.isArray(dims) ||
    !dims.every(Number.isSafeInteger) ||
    dims.toSorted((a, b) => a - b).join() !== wanted.join()
  )
    return invalidModel(`dims ${quote(dims)} of ${formatShape(x.shape)}`);
  const order = dims as number[];
  return {
    value: graph.add('Transpose', [x.value], { perm: [0, ...order] }),
    shape: order.map((axis) => x.shape[axis - 1]!),
  };
}

export function repeatVector({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const [width = null] = x.shape;
  if (x.shape.length !== 1) invalidModel(`repeats one row, and is given ${formatShape(x.shape)}`);
  const n = count(config['n'], 'n', 1);
  const row = graph.add('Unsqueeze', [x.value], { axes: [1] });
  return { value: graph.add('Tile', [row, graph.numbers([1, n, 1])]), shape: [n, width] };
}

export function cropping1d({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { steps, width } = requireSequence(x);
  const [before, after] = bothEnds(config['cropping'], 'cropping');
  if (steps !== null && before + after >= steps) invalidModel(`leaves nothing of ${steps} steps`);
  const [from, to, axis] = [[before], [after === 0 ? 2 ** 31 : -after], [1]].map((one) => graph.numbers(one));
  return {
    value: graph.add('Slice', [x.value, from!, to!, axis!]),
    shape: [steps === null ? null : steps - before - after, width],
  };
}

export function zeroPadding1d({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  requireField(config, 'data_format', ['channels_last']);
  const { steps, width } = requireSequence(x);
  const [before, after] = bothEnds(config['padding'], 'padding');
  return {
    value: graph.add('Pad', [x.value, graph.numbers([0, before, 0, 0, after, 0])]),
    shape: [steps === null ? null : steps + before + after, width],
  };
}

/** Every step so many times in a row. */
export function upSampling1d({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { steps, width } = requireSequence(x);
  const times = count(readSingleSize(config, 'size', 2), 'size', 1);
  const apart = graph.add('Unsqueeze', [x.value], { axes: [2] });
  const many = graph.add('Tile', [apart, graph.numbers([1, 1, times, 1])]);
  return reshaped({ value: many, shape: x.shape }, [steps === null ? null : steps * times, width], graph);
}

/** One number for both ends, or one for each. */
function bothEnds(said: unknown, field: string): [number, number] {
  const both: unknown[] = Array.isArray(said) ? said : [said ?? 1, said ?? 1];
  if (both.length !== 2) return invalidModel(`${field} ${quote(said)}`);
  return [count(both[0], field, 0), count(both[1], field, 0)];
}

const count = (said: unknown, field: string, least: number): number =>
  Number.isSafeInteger(said) && (said as number) >= least && (said as number) <= 1_000_000
    ? (said as number)
    : invalidModel(`${field} ${quote(said)}`);
