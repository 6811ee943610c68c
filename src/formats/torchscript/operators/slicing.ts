import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { knownSize, resolve, unknownSize, type Dimension } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import {
  getAxis,
  createList,
  createTensor,
  getItems,
  getNode,
  scalarNode,
  getShape,
  getSize,
  vectorNode,
} from '../tensor-values.ts';
import { int, type Scalar, type Tensor, type Value } from '../values.ts';
import { createView } from '../views.ts';

// Operators that take parts of a tensor.

export function select(graph: Graph, self: Tensor, dim: number, index: Scalar): Tensor {
  const sizes = getShape(self);
  const axis = getAxis(dim, sizes.length);
  const size = knownSize(sizes[axis]);
  if (index.known !== null && size !== null && (index.known < -size || index.known >= size))
    invalidModel(`index ${index.known} of an axis of ${size}`);
  const node = graph.add('Gather', [getNode(self), scalarNode(graph, index)], { axis });
  return createView(self, node, sizes.toSpliced(axis, 1), { axis, index });
}

const atEnd = Number.MAX_SAFE_INTEGER;

/** The part [start, end) of an axis, every step-th element. */
function slice(
  graph: Graph,
  self: Tensor,
  dim: number,
  start: Scalar,
  end: Scalar | null,
  step: number,
): Tensor {
  const sizes = getShape(self);
  const axis = getAxis(dim, sizes.length);
  const size = resolve(sizes[axis]!);
  const isWhole =
    end === null ||
    (end.known !== null && end.known >= 2 ** 31 - 1) ||
    (end.dimension !== undefined && resolve(end.dimension) === size);
  if (start.known === 0 && step === 1 && isWhole) return self;
  if (step < 1) invalidModel(`a step of ${step}, must be at least 1`);
  const last = isWhole ? int(atEnd) : end;
  const node = graph.add('Slice', [
    getNode(self),
    vectorNode(graph, [start]),
    vectorNode(graph, [last]),
    graph.ints([axis]),
    graph.ints([step]),
  ]);
  const range =
    typeof size === 'number' && start.known !== null && last.known !== null
      ? clampRange(start.known, last.known, size)
      : null;
  const length = range ? Math.ceil(Math.max(0, range[1] - range[0]) / step) : getLength(start, last, size);
  const place = range && step === 1 ? { axis, start: range[0], end: range[1] } : null;
  return createView(self, node, sizes.with(axis, length), place);
}

function clampRange(start: number, end: number, size: number): [number, number] {
  const clamp = (at: number): number => Math.min(size, Math.max(0, at < 0 ? at + size : at));
  return [clamp(start), clamp(end)];
}

/** A first part is as long as its end says, unless the axis is shorter. */
const getLength = (start: Scalar, end: Scalar, size: Dimension): Dimension =>
  start.known === 0 && typeof size === 'number' && end.dimension !== undefined
    ? end.dimension
    : unknownSize([size]);

/** Parts of the sizes given, along an axis. */
function split(graph: Graph, self: Tensor, dim: number, lengths: readonly number[]): Tensor[] {
  const sizes = getShape(self);
  const axis = getAxis(dim, sizes.length);
  if (lengths.length === 1) return [self];
  let start = 0;
  const nodes = graph.addMany('Split', [getNode(self), graph.ints(lengths)], lengths.length, { axis });
  return nodes.map((node, i) => {
    const part = createView(self, node, sizes.with(axis, lengths[i]!), {
      axis,
      start,
      end: start + lengths[i]!,
    });
    start += lengths[i]!;
    return part;
  });
}

function requireSize(self: Tensor, dim: number): number {
  const sizes = getShape(self);
  return (
    knownSize(sizes[getAxis(dim, sizes.length)]) ??
    invalidModel(
      'splits an axis whose size is not known; graph.shapes in model.json gives the shapes of inputs',
    )
  );
}

const getParts = (size: number, each: number): number[] => {
  if (!(each >= 1) || size / each > 10_000) return invalidModel(`parts of ${each} of an axis of ${size}`);
  return Array.from({ length: Math.ceil(size / each) }, (_, i) => Math.min(each, size - i * each));
};

const splitCall =
  (parts: (call: Call, size: () => number) => readonly number[]) =>
  (call: Call): Value => {
    const self = call.tensor('self');
    const dim = call.int('dim', 0);
    const lengths = parts(call, () => requireSize(self, dim));
    return createList(call.graph, split(call.graph, self, dim, lengths));
  };

/** Parts of one row stay in their tensor where their number is not known. */
function splitEvery(call: Call): Value {
  const self = call.tensor('self');
  const axis = getAxis(call.int('dim', 0), getShape(self).length);
  const isRow = call.value('split_size').kind === 'scalar' && call.int('split_size') === 1;
  if (!isRow || knownSize(getShape(self)[axis]) !== null) return splitParts(call);
  const count = getSize(call.graph, self, axis);
  return { ...createList(call.graph, []), stacked: { tensor: self, axis, count, keepsAxis: true } };
}

const splitParts = splitCall((call, size) =>
  call.value('split_size').kind === 'scalar'
    ? getParts(size(), call.int('split_size'))
    : call.ints('split_size'),
);
const chunk = splitCall((call, size) => getParts(size(), Math.ceil(size() / call.int('chunks'))));

/** The rows of an axis; of unknown number, they stay in their tensor. */
function unbind({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const axis = getAxis(call.int('dim', 0), getShape(self).length);
  const size = knownSize(getShape(self)[axis]);
  if (size === null)
    return { ...createList(graph, []), stacked: { tensor: self, axis, count: getSize(graph, self, axis) } };
  if (size > 10_000) invalidModel(`unbinds ${size} rows`);
  return createList(
    graph,
    Array.from({ length: size }, (_, i) => select(graph, self, axis, int(i))),
  );
}

function flip(graph: Graph, self: Tensor, axis: number): Tensor {
  const node = graph.add('Slice', [
    getNode(self),
    graph.ints([-1]),
    graph.ints([-atEnd]),
    graph.ints([axis]),
    graph.ints([-1]),
  ]);
  return createTensor(node, self.type, getShape(self), { fill: self.fill });
}

function flipCall({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  return call
    .ints('dims')
    .reduce((flipped, dim) => flip(graph, flipped, getAxis(dim, getShape(self).length)), self);
}

/** The first batch size of a packed sequence is that of all sequences. */
function largestBatch({ graph, ...call }: Call): Value {
  if (call.int('index') !== 0) invalidModel('a batch size other than the first of a packed sequence');
  return getSize(graph, call.tensor('self').sizes!.packed.rows, 1);
}

/** A part of a tensor, or of a list: without an axis. */
function sliceCall({ graph, ...call }: Call): Value {
  const self = call.value('self');
  const start = call.has('start') ? call.scalar('start') : int(0);
  const end = call.has('end') ? call.scalar('end') : null;
  const step = call.int('step', 1);
  if (self.kind === 'tensor') return slice(graph, self, call.int('dim', 0), start, end, step);
  if (self.kind === 'list' && self.stacked) {
    const { tensor, axis, count } = self.stacked;
    if (step !== -1 || call.has('start') || end || self.stacked.keepsAxis)
      return invalidModel('a part of a list that a loop over the steps has made');
    return { ...createList(graph, []), stacked: { tensor: flip(graph, tensor, axis), axis, count } };
  }
  const items = getItems(self, 'self');
  const [first, last] = [start, end ?? int(atEnd)].map(
    ({ known }) => known ?? invalidModel('a part of a list that depends on the input'),
  );
  if (step === -1 && !call.has('start') && !end) return createList(graph, items.toReversed());
  if (step < 1) invalidModel(`a step of ${step}, must be at least 1`);
  return createList(
    graph,
    items.slice(first, last).filter((_, i) => i % step === 0),
  );
}

export const slicingOperators: OperatorTable = {
  slice: ['self dim start end step', sliceCall],
  select: [
    'self dim index',
    (call) =>
      call.tensor('self').sizes
        ? largestBatch(call)
        : select(call.graph, call.tensor('self'), call.int('dim'), call.scalar('index')),
  ],
  narrow: [
    'self dim start length',
    (call) => {
      const [start, length] = [call.scalar('start'), call.scalar('length')];
      const end = start.known === 0 ? length : int(call.int('start') + call.int('length'));
      return slice(call.graph, call.tensor('self'), call.int('dim'), start, end, 1);
    },
  ],
  split: ['self split_size dim', splitEvery],
  split_with_sizes: ['self split_size dim', splitEvery],
  chunk: ['self chunks dim', chunk],
  unsafe_chunk: ['self chunks dim', chunk],
  unsafe_split: ['self split_size dim', splitEvery],
  unbind: ['self dim', unbind],
  flip: ['self dims', flipCall],
};
