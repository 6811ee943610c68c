import { invalidModel } from '../format-errors.ts';
import type { Dimension } from './dimensions.ts';
import { knownSize } from './dimensions.ts';
import type { Graph } from './graph.ts';
import {
  createTensor,
  nodeAs,
  getNode,
  countDimensions,
  scalarNode,
  getShape,
  getSize,
} from './tensor-values.ts';
import type { Place, Tensor, View } from './values.ts';

// Views share elements with their base: the code may write into a part of a tensor. In the graph, a write
// gives the tensor a new value, and that of every base which it is a view of.

/** A tensor of a base's elements in another shape. */
export const createView = (
  base: Tensor,
  node: string,
  shape: readonly Dimension[],
  place: View['place'] = null,
): Tensor =>
  createTensor(node, base.type, shape, { fill: base.fill, view: { base, seen: base.writes.length, place } });

/**
 * Gives a tensor new elements.
 * @param onWrite called with each tensor that is written to
 * @throws UnrollError invalid_model where the write would be kept between calls
 */
export function write(graph: Graph, tensor: Tensor, value: Tensor, onWrite: (tensor: Tensor) => void): void {
  if (tensor.attribute)
    invalidModel('writes to an attribute of the module, which would be kept between calls');
  if (tensor.packed ?? tensor.order ?? tensor.sizes)
    invalidModel('writes to a packed sequence are not supported');
  if (tensor.type.kind !== null && value.type.kind !== null && tensor.type.kind !== value.type.kind)
    invalidModel(`writes ${value.type.kind} elements into a tensor of ${tensor.type.kind}`);
  setElements(graph, tensor, value, null, onWrite);
}

function setElements(
  graph: Graph,
  tensor: Tensor,
  value: Tensor,
  place: Place | null,
  onWrite: (tensor: Tensor) => void,
): void {
  onWrite(tensor);
  const { view } = tensor;
  const node = getNode(value);
  if (view) {
    getNode(tensor);
    const { base } = view;
    if (base.attribute)
      invalidModel('writes to an attribute of the module, which would be kept between calls');
    if (view.place) {
      const whole = placeInBase(graph, base, view.place, { ...value, node });
      setElements(graph, base, createTensor(whole, base.type, getShape(base)), view.place, onWrite);
    } else outdate(base, onWrite);
    view.seen = base.writes.length;
  }
  tensor.node = node;
  tensor.fill = value.fill;
  tensor.writes = [...tensor.writes, place];
}

/** Marks a tensor, and what it is a view of, as written to in a way that is not followed. */
function outdate(tensor: Tensor, onWrite: (tensor: Tensor) => void): void {
  onWrite(tensor);
  if (tensor.attribute)
    invalidModel('writes to an attribute of the module, which would be kept between calls');
  tensor.outdated = true;
  tensor.writes = [...tensor.writes, null];
  if (tensor.view) outdate(tensor.view.base, onWrite);
}

/** The base with a view's new elements. */
function placeInBase(graph: Graph, base: Tensor, place: Place, value: Tensor): string {
  const around = getNode(base);
  const kind = base.type.kind;
  const own = nodeAs(graph, value, kind);
  const { axis } = place;
  if ('index' in place) {
    const size = getSize(graph, base, axis);
    const positions = graph.add('Range', [
      graph.number('int', 0),
      scalarNode(graph, size),
      graph.number('int', 1),
    ]);
    const index =
      place.index.known !== null && place.index.known < 0
        ? graph.add('Add', [scalarNode(graph, size), scalarNode(graph, place.index)])
        : scalarNode(graph, place.index);
    const rest = countDimensions(base) - axis - 1;
    const isRow = graph.add('Reshape', [
      graph.add('Equal', [positions, index]),
      graph.ints([-1, ...Array<number>(rest).fill(1)]),
    ]);
    return graph.add('Where', [isRow, graph.add('Unsqueeze', [own, graph.ints([axis])]), around]);
  }
  const { start, end } = place;
  const slice = (from: number, to: number): string =>
    graph.add('Slice', [around, graph.ints([from]), graph.ints([to]), graph.ints([axis])]);
  const size = knownSize(getShape(base)[axis]);
  const parts = [
    ...(start > 0 ? [slice(0, start)] : []),
    own,
    ...(size === null || end < size ? [slice(end, Number.MAX_SAFE_INTEGER)] : []),
  ];
  return parts.length === 1 ? parts[0]! : graph.add('Concat', parts, { axis });
}
