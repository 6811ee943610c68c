import { invalidModel, quote } from '../../format-errors.ts';
import { requireField } from '../require-field.ts';
import { resolveAxis, formatShape, type GraphBuilder, type GraphTensor } from './graph-builder.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { combineMasks, concatenateMasks } from './masks.ts';

// Layers that merge several inputs into one.

const operators = {
  Add: 'Add',
  Subtract: 'Sub',
  Multiply: 'Mul',
  Average: 'Mean',
  Maximum: 'Max',
  Minimum: 'Min',
} as const;
export const isArithmetic = (className: string): className is keyof typeof operators =>
  Object.hasOwn(operators, className);

/** Elementwise arithmetic with broadcasting; a single row is combined with each step of a sequence. */
export function arithmetic(
  className: keyof typeof operators,
  reads: readonly GraphTensor[],
  graph: GraphBuilder,
): GraphTensor {
  const several = requireSeveral(reads);
  if (className === 'Subtract' && several.length !== 2)
    invalidModel(`has ${several.length} inputs, must have two`);
  const rank = Math.max(...several.map(({ shape }) => shape.length));
  const raised = several.map((one) => withRank(one, rank, graph));
  const shape = raised.map((one) => one.shape).reduce(broadcast);
  return {
    value: graph.add(
      operators[className],
      raised.map(({ value }) => value),
    ),
    shape,
    mask: combineMasks(reads, graph),
  };
}

export function concatenate(
  { config }: KerasLayer,
  reads: readonly GraphTensor[],
  graph: GraphBuilder,
): GraphTensor {
  const [first, ...rest] = requireSeveral(reads);
  const axis = resolveAxis(first!, config['axis'] ?? -1);
  for (const { shape } of rest)
    if (
      shape.length !== first!.shape.length ||
      shape.some((size, i) => i !== axis && size !== first!.shape[i])
    )
      invalidModel(
        `cannot combine ${formatShape(first!.shape)} and ${formatShape(shape)} over axis ${axis + 1}`,
      );
  const sizes = reads.map(({ shape }) => shape[axis]!);
  const total = sizes.reduce<number | null>(
    (sum, size) => (sum === null || size === null ? null : sum + size),
    0,
  );
  return {
    value: graph.add(
      'Concat',
      reads.map(({ value }) => value),
      { axis: axis + 1 },
    ),
    shape: first!.shape.map((size, i) => (i === axis ? total : size)),
    mask: concatenateMasks(reads, axis, graph),
  };
}

/** Dot product of two rows or sequences along one axis of each. */
export function dot({ config }: KerasLayer, reads: readonly GraphTensor[], graph: GraphBuilder): GraphTensor {
  requireField(config, 'normalize', [false]);
  const [a, b] = reads as [GraphTensor, GraphTensor];
  if (reads.length !== 2 || reads.some(({ shape }) => shape.length > 2))
    invalidModel(
      `its inputs are ${reads.map(({ shape }) => formatShape(shape)).join(' and ')}: must be two rows or sequences`,
    );
  const { axes } = config;
  const both: unknown[] = Array.isArray(axes) ? axes : [axes, axes];
  if (both.length !== 2) invalidModel(`axes ${quote(axes)}`);
  const [axisA, axisB] = [resolveAxis(a, both[0]), resolveAxis(b, both[1])];
  if (a.shape[axisA] !== b.shape[axisB])
    invalidModel(`axes ${quote(axes)} of ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  const left = moveAxisLast(a, axisA, graph);
  const right = graph.add('Transpose', [moveAxisLast(b, axisB, graph)], { perm: [0, 2, 1] });
  const shape = [a.shape.toSpliced(axisA, 1), b.shape.toSpliced(axisB, 1)].flat();
  const product = graph.add('MatMul', [left, right]);
  // two rows give a single number
  const sizes = shape.length === 0 ? [1] : shape;
  const flat = graph.numbers([0, ...sizes.map((size) => size ?? -1)]);
  if (sizes.filter((size) => size === null).length > 1) return { value: product, shape };
  return { value: graph.add('Reshape', [product, flat]), shape: sizes };
}

/** Moves the summed axis to the end: [1, rest, summed]. */
function moveAxisLast(x: GraphTensor, axis: number, graph: GraphBuilder): string {
  if (x.shape.length === 1) return graph.add('Unsqueeze', [x.value], { axes: [1] });
  return axis === 1 ? x.value : graph.add('Transpose', [x.value], { perm: [0, 2, 1] });
}

/** Requires at least two inputs: a single one is arithmetic with a number from the config. */
function requireSeveral(reads: readonly GraphTensor[]): readonly GraphTensor[] {
  return reads.length < 2 ? invalidModel('has one input, must have at least two') : reads;
}

/** Adds missing axes after the batch, as Keras does. */
function withRank(x: GraphTensor, rank: number, graph: GraphBuilder): GraphTensor {
  const missing = rank - x.shape.length;
  if (missing === 0) return x;
  const axes = Array.from({ length: missing }, (_, i) => i + 1);
  return { value: graph.add('Unsqueeze', [x.value], { axes }), shape: [...axes.map(() => 1), ...x.shape] };
}

/** Broadcasts two shapes of equal rank. @throws UnrollError invalid_model */
function broadcast(a: GraphTensor['shape'], b: GraphTensor['shape']): GraphTensor['shape'] {
  return a.map((size, i) => {
    const other = b[i]!;
    if (size === other || other === 1) return size;
    return size === 1 ? other : invalidModel(`cannot combine ${formatShape(a)} and ${formatShape(b)}`);
  });
}
