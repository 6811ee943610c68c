import { shown } from '../../arrays.ts';
import { only } from '../conv1d.ts';
import { refuse } from '../converted.ts';
import { requireField } from '../plain-fields.ts';
import { sequenceOf, shapeText, type Graph, type Wire } from './graph.ts';
import type { KerasLayer } from '../keras-layer.ts';

// Layers that move numbers about and compute none.

/** The numbers that a shape has; null where a sequence's length tells. */
const sizeOf = (shape: Wire['shape']): number | null =>
  shape.reduce((product, size) => (product === null || size === null ? null : product * size), 1);

const reshaped = (x: Wire, shape: Wire['shape'], graph: Graph): Wire => ({
  value: graph.put('Reshape', [x.value, graph.numbers([1, ...shape.map((size) => size ?? -1)])]),
  shape,
});

export function flatten({ config }: KerasLayer, x: Wire, graph: Graph): Wire {
  requireField(config, 'data_format', ['channels_last']);
  const size = sizeOf(x.shape);
  if (size === null)
    return refuse(
      `flattens ${shapeText(x.shape)}: how many numbers come of it must not depend on the sequence`,
    );
  return x.shape.length === 1 ? x : reshaped(x, [size], graph);
}

/** To `target_shape`, of which one size may be -1. */
export function reshape({ config }: KerasLayer, x: Wire, graph: Graph): Wire {
  const said = config['target_shape'];
  if (!Array.isArray(said) || said.length === 0 || said.length > 6)
    return refuse(`target_shape ${shown(said)}`);
  const sizes = said.map((size: unknown) =>
    Number.isSafeInteger(size) && (size === -1 || (size as number) > 0)
      ? (size as number)
      : refuse(`target_shape ${shown(said)}`),
  );
  const open = sizes.filter((size) => size === -1).length;
  const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const whole = sizeOf(x.shape);
  const rest = whole === null ? null : whole / known;
  const fits = whole === null ? open === 1 : open === 0 ? rest === 1 : open === 1 && Number.isInteger(rest);
  if (!fits) refuse(`${shapeText(x.shape)} as [${sizes.join(', ')}]`);
  return reshaped(
    x,
    sizes.map((size) => (size === -1 ? rest : size)),
    graph,
  );
}

/** `dims` are the axes in their new order, from 1. */
export function permute({ config }: KerasLayer, x: Wire, graph: Graph): Wire {
  const { dims } = config;
  const wanted = x.shape.map((_, i) => i + 1);
  if (
    !Array.isArray(dims) ||
    !dims.every(Number.isSafeInteger) ||
    dims.toSorted((a, b) => a - b).join() !== wanted.join()
  )
    return refuse(`dims ${shown(dims)} of ${shapeText(x.shape)}`);
  const order = dims as number[];
  return {
    value: graph.put('Transpose', [x.value], { perm: [0, ...order] }),
    shape: order.map((axis) => x.shape[axis - 1]!),
  };
}

export function repeatVector({ config }: KerasLayer, x: Wire, graph: Graph): Wire {
  const [width = null] = x.shape;
  if (x.shape.length !== 1) refuse(`repeats one row, and is given ${shapeText(x.shape)}`);
  const n = count(config['n'], 'n', 1);
  const row = graph.put('Unsqueeze', [x.value], { axes: [1] });
  return { value: graph.put('Tile', [row, graph.numbers([1, n, 1])]), shape: [n, width] };
}

export function cropping1d({ config }: KerasLayer, x: Wire, graph: Graph): Wire {
  const { steps, width } = sequenceOf(x);
  const [before, after] = bothEnds(config['cropping'], 'cropping');
  if (steps !== null && before + after >= steps) refuse(`leaves nothing of ${steps} steps`);
  const [from, to, axis] = [[before], [after === 0 ? 2 ** 31 : -after], [1]].map((one) => graph.numbers(one));
  return {
    value: graph.put('Slice', [x.value, from!, to!, axis!]),
    shape: [steps === null ? null : steps - before - after, width],
  };
}

export function zeroPadding1d({ config }: KerasLayer, x: Wire, graph: Graph): Wire {
  requireField(config, 'data_format', ['channels_last']);
  const { steps, width } = sequenceOf(x);
  const [before, after] = bothEnds(config['padding'], 'padding');
  return {
    value: graph.put('Pad', [x.value, graph.numbers([0, before, 0, 0, after, 0])]),
    shape: [steps === null ? null : steps + before + after, width],
  };
}

/** Every step so many times in a row. */
export function upSampling1d({ config }: KerasLayer, x: Wire, graph: Graph): Wire {
  const { steps, width } = sequenceOf(x);
  const times = count(only(config, 'size', 2), 'size', 1);
  const apart = graph.put('Unsqueeze', [x.value], { axes: [2] });
  const many = graph.put('Tile', [apart, graph.numbers([1, 1, times, 1])]);
  return reshaped({ value: many, shape: x.shape }, [steps === null ? null : steps * times, width], graph);
}

/** One number for both ends, or one for each. */
function bothEnds(said: unknown, field: string): [number, number] {
  const both: unknown[] = Array.isArray(said) ? said : [said ?? 1, said ?? 1];
  if (both.length !== 2) return refuse(`${field} ${shown(said)}`);
  return [count(both[0], field, 0), count(both[1], field, 0)];
}

const count = (said: unknown, field: string, least: number): number =>
  Number.isSafeInteger(said) && (said as number) >= least && (said as number) <= 1_000_000
    ? (said as number)
    : refuse(`${field} ${shown(said)}`);
