import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { broadcastSizes, knownSize, unknownSize } from '../dimensions.ts';
import {
  getAxis,
  createTensor,
  getItems,
  nodeAs,
  getNode,
  requireKind,
  scalarNode,
  getShape,
  getSize,
  vectorNode,
} from '../tensor-values.ts';
import { int, type Scalar, type Tensor, type Value } from '../values.ts';
import { noteRanks } from './arithmetic.ts';
import { indexSorted } from './sorting.ts';

// Operators that read by index, and that pad.

const atEnd = Number.MAX_SAFE_INTEGER;

function indexSelect({ graph, ...call }: Call): Value {
  const [self, index] = [call.tensor('self'), call.tensor('index')];
  const axis = getAxis(call.int('dim'), getShape(self).length);
  const sorted = indexSorted(self, axis, index);
  if (sorted) return sorted;
  requireKind(index, 'int');
  const node = graph.add('Gather', [getNode(self), getNode(index)], { axis });
  return createTensor(node, self.type, getShape(self).with(axis, getShape(index)[0] ?? 1));
}

/** self[:, …, indices, …]: neighbouring axes indexed by tensors, which are broadcast to each other. */
function index({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const indices = getItems(call.value('indices'), 'indices');
  const axes = indices.flatMap((one, i) => (one.kind === 'tensor' ? [i] : []));
  const [axis] = axes;
  if (axis === undefined || axes.some((one, i) => one !== axis + i))
    return invalidModel('indexes by tensors that are not for neighbouring axes');
  const given = axes.map((one) => indices[one] as Tensor);
  const sorted = indexSorted(self, axis, given[0]!);
  if (sorted) return sorted;
  if (given.some(({ type }) => type.kind === 'bool'))
    invalidModel('a mask as the index gives sizes that depend on the input, which is not supported');
  for (const one of given) {
    requireKind(one, 'int');
    noteRanks(graph, given[0]!, one);
  }
  const sizes = getShape(self);
  const shape = given.map(getShape).reduce(broadcastSizes);
  const after = sizes.toSpliced(axis, axes.length, ...shape);
  if (axes.length === 1)
    return createTensor(graph.add('Gather', [getNode(self), getNode(given[0]!)], { axis }), self.type, after);
  // one index into the axes as if they were one
  let flat = '';
  given.forEach((one, i) => {
    const size = scalarNode(graph, getSize(graph, self, axis + i));
    const at = getNode(one);
    const positive = graph.add('Where', [
      graph.add('Less', [at, graph.number('int', 0)]),
      graph.add('Add', [at, size]),
      at,
    ]);
    flat = flat === '' ? positive : graph.add('Add', [graph.add('Mul', [flat, size]), positive]);
  });
  const kept = sizes.map((_, i) => getSize(graph, self, i)).toSpliced(axis, axes.length, int(-1));
  const joined = graph.add('Reshape', [getNode(self), vectorNode(graph, kept)]);
  return createTensor(graph.add('Gather', [joined, flat], { axis }), self.type, after);
}

function gather({ graph, ...call }: Call): Value {
  const [self, at] = [call.tensor('self'), call.tensor('index')];
  requireKind(at, 'int');
  const axis = getAxis(call.int('dim'), getShape(self).length);
  return createTensor(
    graph.add('GatherElements', [getNode(self), getNode(at)], { axis }),
    self.type,
    getShape(at),
  );
}

/** The last elements of an axis come first. */
function roll({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const [shifts, dims] = [call.ints('shifts'), call.ints('dims', [])];
  if (shifts.length !== 1 || dims.length !== 1) invalidModel('only one axis is supported');
  const axis = getAxis(dims[0]!, getShape(self).length);
  const part = (start: number, end: number): string =>
    graph.add('Slice', [getNode(self), graph.ints([start]), graph.ints([end]), graph.ints([axis])]);
  const by = shifts[0]!;
  if (by === 0) return self;
  const node = graph.add('Concat', [part(-by, atEnd), part(0, -by)], { axis });
  return createTensor(node, self.type, getShape(self));
}

/** Pads the last axes first: [before, after] of the last axis, then of the one before it. */
function pad({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const sizes = getShape(self);
  const pads = call.ints('pad');
  const mode = call.text('mode', 'constant');
  const modes: Readonly<Record<string, string>> = {
    constant: 'constant',
    reflect: 'reflect',
    replicate: 'edge',
    circular: 'wrap',
  };
  const amounts = [...sizes.map(() => 0), ...sizes.map(() => 0)];
  if (pads.length % 2 !== 0 || pads.length > amounts.length)
    invalidModel(`${pads.length} pads of ${sizes.length} dimensions`);
  const after = [...sizes];
  for (let i = 0; i < pads.length / 2; i++) {
    const axis = sizes.length - 1 - i;
    const [before, behind] = [pads[2 * i]!, pads[2 * i + 1]!];
    amounts[axis] = before;
    amounts[axis + sizes.length] = behind;
    const size = knownSize(sizes[axis]);
    if (before !== 0 || behind !== 0) after[axis] = size === null ? unknownSize() : size + before + behind;
  }
  const kind = self.type.kind ?? 'float';
  const value: Scalar = { kind: 'scalar', type: 'float', known: call.number('value', 0), node: '' };
  const node = graph.add('Pad', [getNode(self), graph.ints(amounts), nodeAs(graph, value, kind)], {
    mode: modes[mode] ?? invalidModel(`mode ${mode} is not supported`),
  });
  return createTensor(node, self.type, after);
}

/** self with value along the axis where the index says; index and value are for one position of it. */
function scatterMask({ graph, ...call }: Call): Value {
  const [self, at] = [call.tensor('self'), call.tensor('index')];
  const sizes = getShape(self);
  const axis = getAxis(call.int('dim'), sizes.length);
  const value = call.value('src');
  if (knownSize(getShape(at)[axis]) !== 1 || value.kind !== 'scalar')
    invalidModel('scatter is supported only for a number at one index of the axis');
  requireKind(at, 'int');
  const positions = graph.add('Range', [
    graph.number('int', 0),
    scalarNode(graph, getSize(graph, self, axis)),
    graph.number('int', 1),
  ]);
  const along = graph.add('Reshape', [
    positions,
    graph.ints([-1, ...Array<number>(sizes.length - axis - 1).fill(1)]),
  ]);
  const chosen = graph.add('Equal', [along, getNode(at)]);
  const node = graph.add('Where', [chosen, nodeAs(graph, value, self.type.kind ?? 'float'), getNode(self)]);
  return createTensor(node, self.type, broadcastSizes(sizes, sizes));
}

export const indexingOperators: OperatorTable = {
  index_select: ['self dim index', indexSelect],
  index: ['self indices', index],
  gather: ['self dim index sparse_grad', gather],
  roll: ['self shifts dims', roll],
  pad: ['self pad mode value', pad],
  constant_pad_nd: ['self pad value', pad],
  reflection_pad1d: ['self pad', (call) => pad({ ...call, text: () => 'reflect' })],
  replication_pad1d: ['self pad', (call) => pad({ ...call, text: () => 'replicate' })],
  scatter: ['self dim index src', scatterMask],
};
