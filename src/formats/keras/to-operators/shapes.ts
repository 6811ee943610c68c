import { invalidModel, quote } from '../../format-errors.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { requireField } from '../require-field.ts';
import {
  emitReshape,
  requireSequence,
  formatShape,
  type GraphBuilder,
  type GraphTensor,
} from './graph-builder.ts';
import { readSizes } from './windows.ts';

// Layers that only change shapes.

/** Counts the elements of a shape; null when it depends on the sequence's length. */
const countElements = (shape: GraphTensor['shape']): number | null =>
  shape.reduce((product, size) => (product === null || size === null ? null : product * size), 1);

export function flatten({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  requireField(config, 'data_format', ['channels_last']);
  const size = countElements(x.shape);
  if (size === null)
    return invalidModel(
      `its input is ${formatShape(x.shape)}: the number of elements must not depend on the sequence`,
    );
  return x.shape.length === 1 ? x : emitReshape(x, [size], graph);
}

/** Reshapes to `target_shape`, of which one size may be -1. */
export function reshape({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const value = config['target_shape'];
  if (!Array.isArray(value) || value.length === 0 || value.length > 6)
    return invalidModel(`target_shape ${quote(value)}`);
  const sizes = value.map((size: unknown) =>
    Number.isSafeInteger(size) && (size === -1 || (size as number) > 0)
      ? (size as number)
      : invalidModel(`target_shape ${quote(value)}`),
  );
  const openCount = sizes.filter((size) => size === -1).length;
  const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const total = countElements(x.shape);
  const rest = total === null ? null : total / known;
  const fits =
    total === null
      ? openCount === 1
      : openCount === 0
        ? rest === 1
        : openCount === 1 && Number.isInteger(rest);
  if (!fits) invalidModel(`${formatShape(x.shape)} cannot be reshaped to [${sizes.join(', ')}]`);
  return emitReshape(
    x,
    sizes.map((size) => (size === -1 ? rest : size)),
    graph,
  );
}

/** Transposes: `dims` are the axes in their new order, from 1. */
export function permute({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { dims } = config;
  const expected = x.shape.map((_, i) => i + 1);
  if (
    !Array.isArray(dims) ||
    !dims.every(Number.isSafeInteger) ||
    dims.toSorted((a, b) => a - b).join() !== expected.join()
  )
    return invalidModel(`dims ${quote(dims)}, must be a permutation of the axes of ${formatShape(x.shape)}`);
  const order = dims as number[];
  return {
    value: graph.add('Transpose', [x.value], { perm: [0, ...order] }),
    shape: order.map((axis) => x.shape[axis - 1]!),
  };
}

export function repeatVector({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const [width = null] = x.shape;
  if (x.shape.length !== 1) invalidModel(`needs a single row, its input is ${formatShape(x.shape)}`);
  const n = parseCount(config['n'], 'n', 1);
  const row = graph.add('Unsqueeze', [x.value], { axes: [1] });
  return { value: graph.add('Tile', [row, graph.numbers([1, n, 1])]), shape: [n, width] };
}

export function cropping1d({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { steps, width } = requireSequence(x);
  const [before, after] = parseEnds(config['cropping'], 'cropping');
  if (steps !== null && before + after >= steps) invalidModel(`removes all of ${steps} steps`);
  const [from, to, axis] = [[before], [after === 0 ? 2 ** 31 : -after], [1]].map((one) => graph.numbers(one));
  return {
    value: graph.add('Slice', [x.value, from!, to!, axis!]),
    shape: [steps === null ? null : steps - before - after, width],
  };
}

export function zeroPadding1d({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  requireField(config, 'data_format', ['channels_last']);
  const { steps, width } = requireSequence(x);
  const [before, after] = parseEnds(config['padding'], 'padding');
  return {
    value: graph.add('Pad', [x.value, graph.numbers([0, before, 0, 0, after, 0])]),
    shape: [steps === null ? null : steps + before + after, width],
  };
}

/** Repeats every step `size` times. */
export function upSampling1d({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { steps, width } = requireSequence(x);
  const times = parseCount(readSizes(config, 'size', 1, 2)[0]!, 'size', 1);
  const unsqueezed = graph.add('Unsqueeze', [x.value], { axes: [2] });
  const tiled = graph.add('Tile', [unsqueezed, graph.numbers([1, 1, times, 1])]);
  return emitReshape({ value: tiled, shape: x.shape }, [steps === null ? null : steps * times, width], graph);
}

/** Parses one number for both ends, or one for each. */
function parseEnds(value: unknown, field: string): [number, number] {
  const both: unknown[] = Array.isArray(value) ? value : [value ?? 1, value ?? 1];
  if (both.length !== 2) return invalidModel(`${field} ${quote(value)}, must be one or two whole numbers`);
  return [parseCount(both[0], field, 0), parseCount(both[1], field, 0)];
}

const parseCount = (value: unknown, field: string, min: number): number =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= 1_000_000
    ? (value as number)
    : invalidModel(`${field} ${quote(value)}, must be a whole number from ${min} to 1000000`);
