import type { ValueKind } from './value-kind.ts';
import { invalidModel } from '../format-errors.ts';
import { resolve, unknownSize, type Dimension } from './dimensions.ts';
import type { Graph } from './graph.ts';
import {
  describe,
  int,
  type ElementType,
  type List,
  type Place,
  type Scalar,
  type Tensor,
  type Value,
} from './values.ts';

/** Thrown where the number of an input's dimensions is needed and not known: the caller tries each. */
export class RankNeeded extends Error {
  readonly tensor: Tensor;
  constructor(tensor: Tensor) {
    super('the number of dimensions is not known');
    this.tensor = tensor;
  }
}

type Extras = Partial<Pick<Tensor, 'fill' | 'attribute' | 'view' | 'packed' | 'order' | 'sizes' | 'range'>>;

export const createTensor = (
  node: string,
  type: ElementType | ValueKind,
  shape: readonly Dimension[],
  extras: Extras = {},
): Tensor => ({
  kind: 'tensor',
  node,
  type: typeof type === 'string' ? { kind: type } : type,
  shape,
  fill: null,
  writes: [],
  outdated: false,
  ...extras,
});

/** @throws RankNeeded */
export function getShape(tensor: Tensor): readonly Dimension[] {
  if (tensor.sizes) return [tensor.sizes.packed.steps.dimension!];
  if (tensor.packed) return [unknownSize(), getShape(tensor.packed.rows)[2]!];
  if (tensor.shape === null) throw new RankNeeded(tensor);
  return tensor.shape;
}

export const countDimensions = (tensor: Tensor): number => getShape(tensor).length;

/** The graph's value of a tensor. @throws UnrollError invalid_model where it has none by itself */
export function getNode(tensor: Tensor): string {
  const { view, packed, order, sizes } = tensor;
  if (tensor.outdated)
    invalidModel('reads a tensor after a view of it was written to, which is not supported here');
  if (view && view.base.writes.slice(view.seen).some((place) => !areDisjoint(place, view.place)))
    invalidModel(
      'reads a view of a tensor that was written to after the view was made, which is not supported',
    );
  if (packed) invalidModel('operators on packed sequences are not supported, except recurrent modules');
  if (order) invalidModel('sorting is supported only for the lengths of packed sequences');
  if (sizes) invalidModel('operators on the batch sizes of a packed sequence are not supported');
  return tensor.node;
}

/** Whether two places of a tensor have no element in common, as far as is known. */
function areDisjoint(a: Place | null, b: Place | null): boolean {
  if (!a || !b || a.axis !== b.axis) return false;
  const getRange = (place: Place): readonly [number, number] | null => {
    if ('start' in place) return [place.start, place.end];
    const { known } = place.index;
    return known === null || known < 0 ? null : [known, known + 1];
  };
  const [one, other] = [getRange(a), getRange(b)];
  return one !== null && other !== null && (one[1] <= other[0] || other[1] <= one[0]);
}

/** Converts an axis that counts from the end if it is negative. @throws UnrollError invalid_model */
export function getAxis(axis: number, rank: number): number {
  const from0 = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(from0) || from0 < 0 || from0 >= Math.max(1, rank))
    invalidModel(`axis ${axis} of ${rank} dimensions`);
  return from0;
}

/** Requires a type of elements; an input whose type is unknown has it from here on. */
export function requireKind(tensor: Tensor, kind: ValueKind): void {
  tensor.type.kind ??= kind;
  if (tensor.type.kind !== kind) invalidModel(`elements of type ${tensor.type.kind}, must be ${kind}`);
}

export const scalarNode = (graph: Graph, { known, node, type }: Scalar): string =>
  known === null ? node : graph.number(type, known);

/** The graph's value of a number or tensor, converted to a type of elements. */
export function nodeAs(graph: Graph, value: Scalar | Tensor, kind: ValueKind | null): string {
  if (value.kind === 'scalar') {
    if (kind === null || value.type === kind) return scalarNode(graph, value);
    if (value.known !== null) return graph.number(kind, convert(value.known, kind));
    return graph.add('Cast', [value.node], { to: dataTypes[kind] });
  }
  const node = getNode(value);
  const own = value.type.kind;
  return kind === null || own === null || own === kind
    ? node
    : graph.add('Cast', [node], { to: dataTypes[kind] });
}

export const convert = (value: number, kind: ValueKind): number =>
  kind === 'int' ? Math.trunc(value) : kind === 'bool' ? Number(value !== 0) : value;

/** ONNX's data types for Cast. */
export const dataTypes: Readonly<Record<ValueKind, number>> = { float: 1, int: 7, bool: 9 };

/** The number of elements along an axis as an int of the code. */
export function getSize(graph: Graph, tensor: Tensor, axis: number): Scalar {
  if (tensor.sizes) return tensor.sizes.packed.steps;
  if (tensor.packed) {
    if (axis !== 1) invalidModel('the number of rows of a packed sequence is not supported');
    return getSize(graph, tensor.packed.rows, 2);
  }
  const dimension = resolve(getShape(tensor)[axis]!);
  if (typeof dimension === 'number') return int(dimension);
  // sizes do not depend on order, and a view has them whatever is written
  const node = graph.add('Gather', [graph.add('Shape', [tensor.node]), graph.number('int', axis)], {
    axis: 0,
  });
  return { kind: 'scalar', type: 'int', known: null, node, dimension };
}

/** A vector of integers in the graph, of numbers that may be unknown. */
export function vectorNode(graph: Graph, values: readonly Scalar[]): string {
  if (values.every(({ known }) => known !== null)) return graph.ints(values.map(({ known }) => known!));
  return graph.add(
    'Concat',
    values.map((one) => graph.add('Reshape', [nodeAs(graph, one, 'int'), graph.ints([1])])),
    { axis: 0 },
  );
}

/** The size that an int of the code is: as a number, of a tensor, or unknown. */
export const getDimension = (value: Scalar, otherwise: () => Dimension): Dimension =>
  value.known ?? value.dimension ?? otherwise();

/** The constant elements of a tensor, if it is one. */
export const getConstant = (graph: Graph, tensor: Tensor): readonly number[] | null => {
  const operand = graph.constants.get(getNode(tensor));
  return operand ? Array.from(operand.values) : null;
};

/** @throws UnrollError invalid_model */
export function asTensor(value: Value, what: string): Tensor {
  return value.kind === 'tensor' ? value : invalidModel(`${what} is a ${describe(value)}, must be a tensor`);
}
export function asScalar(value: Value, what: string): Scalar {
  return value.kind === 'scalar' ? value : invalidModel(`${what} is a ${describe(value)}, must be a number`);
}
export function getItems(value: Value, what: string): readonly Value[] {
  if (value.kind === 'tuple') return value.items;
  if (value.kind !== 'list') return invalidModel(`${what} is a ${describe(value)}, must be a list`);
  if (value.stacked)
    return invalidModel(
      `${what} is a list of as many items as the loop has steps, which is not supported here`,
    );
  return value.items;
}

export const createList = (graph: Graph, items: readonly Value[]): List => ({
  kind: 'list',
  items: [...items],
  stacked: null,
  depth: graph.depth,
});
