import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import {
  broadcastSizes,
  isSame,
  knownSize,
  remainingSize,
  unknownSize,
  type Dimension,
} from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import {
  getAxis,
  createList,
  createTensor,
  getDimension,
  getNode,
  getShape,
  getSize,
  vectorNode,
} from '../tensor-values.ts';
import { int, type Scalar, type Tensor, type Value } from '../values.ts';
import { createView } from '../views.ts';

// Operators that give the same elements another shape.

export const transpose = (graph: Graph, self: Tensor, order: readonly number[]): Tensor => {
  const sizes = getShape(self);
  if (order.every((axis, i) => axis === i)) return self;
  const node = graph.add('Transpose', [getNode(self)], { perm: [...order] });
  return createView(
    self,
    node,
    order.map((axis) => sizes[axis]!),
  );
};

/** Exchanges two axes. */
export function swapAxes(graph: Graph, self: Tensor, first: number, second: number): Tensor {
  const rank = getShape(self).length;
  const order = Array.from({ length: rank }, (_, i) => i);
  const [a, b] = [getAxis(first, rank), getAxis(second, rank)];
  if (rank === 0) return self;
  [order[a], order[b]] = [order[b]!, order[a]!];
  return transpose(graph, self, order);
}

/** A tensor of its own, for results that only the reader makes by way of a view. */
export const withoutView = (tensor: Tensor): Tensor =>
  tensor.view ? createTensor(getNode(tensor), tensor.type, getShape(tensor), { fill: tensor.fill }) : tensor;

/** A result that is the tensor itself or a copy, which the code does not tell: writes to it end the tensor's use. */
const orCopy = (tensor: Tensor): Tensor =>
  tensor.view ? createView(tensor, getNode(tensor), getShape(tensor)) : tensor;

/** Moves an axis to another place. */
export function moveAxis(graph: Graph, self: Tensor, from: number, to: number): Tensor {
  const order = Array.from({ length: getShape(self).length }, (_, i) => i);
  order.splice(to, 0, ...order.splice(from, 1));
  return transpose(graph, self, order);
}

/** The elements in the sizes given, at most one of which is −1. */
function reshape(graph: Graph, self: Tensor, sizes: readonly Scalar[]): Tensor {
  const before = getShape(self);
  const others = sizes.filter(({ known }) => known !== -1);
  if (sizes.length - others.length > 1) invalidModel('a shape with more than one -1');
  const sizeFor = (one: Scalar): Dimension => getDimension(one, unknownSize);
  const named = others.map(sizeFor);
  const after = sizes.map((one) => (one.known === -1 ? remainingSize(before, named) : sizeFor(one)));
  let free = !sizes.some(({ known }) => known === -1);
  const target = sizes.map((one, i): Scalar => {
    if (one.known !== null) return one;
    if (i < before.length && isSame(before[i]!, after[i]!)) return int(0);
    if (!free) return one;
    free = false;
    return int(-1);
  });
  return createView(self, graph.add('Reshape', [getNode(self), vectorNode(graph, target)]), after);
}

export function unsqueeze(graph: Graph, self: Tensor, axis: number): Tensor {
  const sizes = getShape(self);
  const at = getAxis(axis, sizes.length + 1);
  return createView(
    self,
    graph.add('Unsqueeze', [getNode(self), graph.ints([at])]),
    sizes.toSpliced(at, 0, 1),
  );
}

/** Removes an axis if its size is 1. */
function squeeze(graph: Graph, self: Tensor, axis: number): Tensor {
  const sizes = getShape(self);
  if (sizes.length === 0) return self;
  const at = getAxis(axis, sizes.length);
  const size =
    knownSize(sizes[at]) ??
    invalidModel(
      'squeezes an axis whose size is not known; graph.shapes in model.json gives the shapes of inputs',
    );
  if (size !== 1) return self;
  return createView(self, graph.add('Squeeze', [getNode(self), graph.ints([at])]), sizes.toSpliced(at, 1));
}

function squeezeAll(graph: Graph, self: Tensor): Tensor {
  let squeezed = self;
  for (let axis = getShape(self).length - 1; axis >= 0; axis--) squeezed = squeeze(graph, squeezed, axis);
  return squeezed;
}

function flatten({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const sizes = getShape(self);
  if (sizes.length === 0) return reshape(graph, self, [int(1)]);
  const [start, end] = [
    getAxis(call.int('start_dim', 0), sizes.length),
    getAxis(call.int('end_dim', -1), sizes.length),
  ];
  if (start >= end) return self;
  return reshape(graph, self, [
    ...sizes.slice(0, start).map((_, i) => getSize(graph, self, i)),
    int(-1),
    ...sizes.slice(end + 1).map((_, i) => getSize(graph, self, end + 1 + i)),
  ]);
}

function unflatten({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const sizes = getShape(self);
  const axis = getAxis(call.int('dim'), sizes.length);
  const kept = sizes.map((_, i) => getSize(graph, self, i));
  return reshape(graph, self, kept.toSpliced(axis, 1, ...call.scalars('sizes')));
}

/** −1 keeps a size. */
function expand({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const sizes = call.scalars('size');
  const before = getShape(self);
  const added = sizes.length - before.length;
  if (added < 0) invalidModel(`${before.length} dimensions expanded to ${sizes.length}`);
  const after = sizes.map((one, i) =>
    one.known === -1 ? before[i - added]! : getDimension(one, unknownSize),
  );
  const target = sizes.map((one) => (one.known === -1 ? int(1) : one));
  return createView(
    self,
    graph.add('Expand', [getNode(self), vectorNode(graph, target)]),
    broadcastSizes(before, after),
  );
}

function repeat({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const times = call.scalars('repeats');
  const added = times.length - getShape(self).length;
  if (added < 0) invalidModel(`${times.length} repeats for ${getShape(self).length} dimensions`);
  let wide = self;
  for (let i = 0; i < added; i++) wide = unsqueeze(graph, wide, 0);
  const sizes = getShape(wide).map((size, i): Dimension => {
    const [known, by] = [knownSize(size), times[i]!];
    if (by.known === 1) return size;
    if (known === 1) return getDimension(by, unknownSize);
    return known !== null && by.known !== null ? known * by.known : unknownSize();
  });
  return createTensor(graph.add('Tile', [getNode(wide), vectorNode(graph, times)]), self.type, sizes);
}

function permute({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const rank = getShape(self).length;
  const order = call.ints('dims').map((axis) => getAxis(axis, rank));
  if (
    order.toSorted((a, b) => a - b).join() !==
    getShape(self)
      .map((_, i) => i)
      .join()
  )
    invalidModel(`dims [${order.join(', ')}] of ${rank} dimensions`);
  return transpose(graph, self, order);
}

function moveDimension({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const rank = getShape(self).length;
  return moveAxis(graph, self, getAxis(call.int('source'), rank), getAxis(call.int('destination'), rank));
}

const size = (call: Call): Value => {
  const self = call.tensor('self');
  const rank = self.sizes ? 1 : getShape(self).length;
  if (call.has('dim')) return getSize(call.graph, self, getAxis(call.int('dim'), rank));
  return createList(
    call.graph,
    Array.from({ length: rank }, (_, i) => getSize(call.graph, self, i)),
  );
};

/** The number of elements. */
function count({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const sizes = getShape(self);
  const [first] = sizes;
  if (sizes.length === 1 && first !== undefined) return getSize(graph, self, 0);
  const known = sizes.map(knownSize);
  if (known.every((one) => one !== null)) return int(known.reduce((product, one) => product * one, 1));
  return { kind: 'scalar', type: 'int', known: null, node: graph.add('Size', [getNode(self)]) };
}

const asOther =
  (name: string) =>
  ({ graph, ...call }: Call): Value => {
    const other = call.tensor(name);
    return reshape(
      graph,
      call.tensor('self'),
      getShape(other).map((_, i) => getSize(graph, other, i)),
    );
  };

const same = (call: Call): Value => call.tensor('self');
const swap = (call: Call): Value =>
  swapAxes(call.graph, call.tensor('self'), call.int('dim0'), call.int('dim1'));
const shaped = (call: Call): Value => reshape(call.graph, call.tensor('self'), call.scalars('size'));

export const shapeOperators: OperatorTable = {
  size: ['self dim', size],
  dim: ['self', (call) => int(call.tensor('self').packed ? 2 : getShape(call.tensor('self')).length)],
  numel: ['self', count],
  view: ['self size', shaped],
  reshape: ['self size', shaped],
  _unsafe_view: ['self size', shaped],
  view_as: ['self other', asOther('other')],
  reshape_as: ['self other', asOther('other')],
  squeeze: [
    'self dim',
    (call) =>
      call.has('dim')
        ? squeeze(call.graph, call.tensor('self'), call.int('dim'))
        : squeezeAll(call.graph, call.tensor('self')),
  ],
  unsqueeze: ['self dim', (call) => unsqueeze(call.graph, call.tensor('self'), call.int('dim'))],
  flatten: ['self start_dim end_dim', flatten],
  unflatten: ['self dim sizes names', unflatten],
  expand: ['self size implicit', expand],
  expand_as: [
    'self other',
    ({ graph, ...call }) => {
      const other = call.tensor('other');
      const sizes = getShape(other).map((_, i) => getSize(graph, other, i));
      return createView(
        call.tensor('self'),
        graph.add('Expand', [getNode(call.tensor('self')), vectorNode(graph, sizes)]),
        getShape(other),
      );
    },
  ],
  repeat: ['self repeats', repeat],
  tile: ['self repeats', repeat],
  permute: ['self dims', permute],
  transpose: ['self dim0 dim1', swap],
  swapaxes: ['self dim0 dim1', swap],
  swapdims: ['self dim0 dim1', swap],
  movedim: ['self source destination', moveDimension],
  t: [
    'self',
    (call) =>
      swapAxes(call.graph, call.tensor('self'), 0, Math.max(0, getShape(call.tensor('self')).length - 1)),
  ],
  numpy_T: [
    'self',
    (call) =>
      transpose(
        call.graph,
        call.tensor('self'),
        getShape(call.tensor('self'))
          .map((_, i) => i)
          .reverse(),
      ),
  ],
  contiguous: ['self memory_format', (call) => orCopy(call.tensor('self'))],
  detach: ['self', same],
  alias: ['self', same],
  requires_grad_: ['self requires_grad', same],
  cpu: ['self', same],
  clone: [
    'self memory_format',
    (call) => {
      const self = call.tensor('self');
      return (self.packed ?? self.order ?? self.sizes)
        ? self
        : createTensor(getNode(self), self.type, getShape(self), { fill: self.fill });
    },
  ],
};
