import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { createTensor, requireKind, getShape } from '../tensor-values.ts';
import { tuple, type Order, type Tensor, type Value } from '../values.ts';

// Sorting by length, around packed sequences with enforce_sorted=False: sort, index by the order, pack, run,
// and index by the inverse of the order, which is made by scattering a range. No number depends on the order,
// so rows stay where they are, and what is in sorted order is marked; only the inverse removes the mark.

/** The same elements with a mark, or without. */
export const marked = (tensor: Tensor, order: Order | undefined): Tensor =>
  tensor.order === order
    ? tensor
    : createTensor(tensor.node, tensor.type, getShape(tensor), {
        fill: tensor.fill,
        ...(order && { order }),
      });

function sort(call: Call): Value {
  const lengths = call.tensor('self');
  if (getShape(lengths).length !== 1 || lengths.order || !call.flag('descending', false))
    invalidModel('sorting is supported only for the lengths of packed sequences');
  requireKind(lengths, 'int');
  const order = { sort: {}, axis: 0 };
  return tuple(
    marked(lengths, { ...order, role: 'sorted' }),
    createTensor(lengths.node, 'int', getShape(lengths), { order: { ...order, role: 'indexes' } }),
  );
}

/** Rows in sorted order, or back in their own; null for other indexes. */
export function indexSorted(tensor: Tensor, axis: number, index: Tensor): Tensor | null {
  const { order } = index;
  if (!order) return null;
  if (order.role === 'indexes' && !tensor.order) return marked(tensor, { ...order, role: 'sorted', axis });
  const sorted = tensor.order;
  if (
    order.role === 'inverse' &&
    sorted?.role === 'sorted' &&
    sorted.sort === order.sort &&
    sorted.axis === axis
  )
    return marked(tensor, undefined);
  return invalidModel('indexes by an order that is not that of the rows');
}

/** The tensor into which the inverse of an order is written. */
function emptyLike(call: Call): Value {
  const self = call.tensor('self');
  if (self.order?.role !== 'indexes') return invalidModel('a tensor without initial values is not supported');
  return createTensor(self.node, 'int', getShape(self), { order: { ...self.order, role: 'empty' } });
}

/** The inverse of an order: a range scattered by it. */
function scatterInverse(call: Call): Value {
  const [self, index, source] = [call.tensor('self'), call.tensor('index'), call.tensor('src')];
  const order = index.order;
  if (
    order?.role !== 'indexes' ||
    self.order?.role !== 'empty' ||
    self.order.sort !== order.sort ||
    !source.range
  )
    return invalidModel('writes by index are supported only for the order of packed sequences');
  return Object.assign(self, { order: { ...order, role: 'inverse' } });
}

export const sortingOperators: OperatorTable = {
  sort: ['self dim descending', sort],
  empty_like: ['self dtype layout device pin_memory memory_format', emptyLike],
  scatter_: ['self dim index src', scatterInverse],
};
