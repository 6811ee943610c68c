import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { unknownSize } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import { createTensor, getDimension, nodeAs, getShape, getSize, vectorNode } from '../tensor-values.ts';
import { describe, int, type ElementType, type Scalar, type Tensor, type Value } from '../values.ts';
import { givenElements } from './types.ts';

// Operators that create tensors.

/** A tensor of one number; an unknown one is expanded. */
function filled(graph: Graph, sizes: readonly Scalar[], value: Scalar, type: ElementType): Tensor {
  const shape = sizes.map((one) => getDimension(one, unknownSize));
  const node = graph.add('Expand', [nodeAs(graph, value, type.kind ?? 'float'), vectorNode(graph, sizes)]);
  return createTensor(node, type, shape, { fill: value.known });
}

const getSizes = (graph: Graph, like: Tensor): Scalar[] =>
  getShape(like).map((_, i) => getSize(graph, like, i));

const create =
  (value: number | null) =>
  (call: Call): Value => {
    const number = value === null ? call.scalar('fill_value') : int(value);
    const fallback: ElementType = { kind: value === null ? number.type : 'float' };
    return filled(call.graph, call.scalars('size'), number, givenElements(call, fallback));
  };
const createLike =
  (value: number | null) =>
  (call: Call): Value => {
    const self = call.tensor('self');
    const number = value === null ? call.scalar('fill_value') : int(value);
    return filled(call.graph, getSizes(call.graph, self), number, givenElements(call, self.type));
  };
const createNew =
  (value: number | null) =>
  (call: Call): Value => {
    const number = value === null ? call.scalar('fill_value') : int(value);
    return filled(call.graph, call.scalars('size'), number, givenElements(call, call.tensor('self').type));
  };

/** arange(end), arange(start, end, step): what is left out comes first. */
function range({ graph, ...call }: Call): Value {
  const bounds = ['first', 'second', 'third']
    .filter((name) => call.has(name))
    .map((name) => call.scalar(name));
  const [start, end, step] =
    bounds.length === 1 ? [int(0), bounds[0]!, int(1)] : [bounds[0]!, bounds[1]!, bounds[2] ?? int(1)];
  const isFloat = bounds.some(({ type }) => type === 'float');
  const type = givenElements({ graph, ...call }, { kind: isFloat ? 'float' : 'int' });
  const kind = isFloat ? 'float' : 'int';
  const node = graph.add(
    'Range',
    [start, end, step].map((one) => nodeAs(graph, one, kind)),
  );
  const isPlain = start.known === 0 && step.known === 1;
  const count =
    start.known !== null && end.known !== null && step.known !== null
      ? Math.max(0, Math.ceil((end.known - start.known) / step.known))
      : isPlain
        ? getDimension(end, unknownSize)
        : unknownSize();
  const made = createTensor(node, kind, [count], isPlain ? { range: true } : {});
  return type.kind === kind || type.kind === null
    ? made
    : createTensor(nodeAs(graph, made, type.kind), type, [count]);
}

/** A tensor of numbers in lists. */
function fromNumbers({ graph, ...call }: Call): Value {
  const flat: Scalar[] = [];
  const shapeOfList = (value: Value): number[] => {
    if (value.kind === 'scalar') {
      flat.push(value);
      return [];
    }
    if (value.kind !== 'list' && value.kind !== 'tuple')
      return invalidModel(`a tensor of a ${describe(value)}`);
    const inner = value.items.map(shapeOfList);
    return [value.items.length, ...(inner[0] ?? [])];
  };
  const shape = shapeOfList(call.value('data'));
  const own: ElementType = {
    kind: flat.some(({ type }) => type === 'float') ? 'float' : (flat[0]?.type ?? 'float'),
  };
  const type = givenElements({ graph, ...call }, own);
  const kind = type.kind ?? 'float';
  if (flat.every(({ known }) => known !== null)) {
    const values = flat.map((one) => (kind === 'float' ? one.known! : Math.trunc(one.known!)));
    const node = graph.constant({
      kind,
      shape,
      values: kind === 'float' ? Float32Array.from(values) : Float64Array.from(values),
    });
    return createTensor(node, type, shape, flat.length === 1 ? { fill: flat[0]!.known } : {});
  }
  const parts = flat.map((one) => graph.add('Reshape', [nodeAs(graph, one, kind), graph.ints([1])]));
  const joined = graph.add('Concat', parts, { axis: 0 });
  return createTensor(graph.add('Reshape', [joined, graph.ints(shape)]), type, shape);
}

/** The elements on one side of a diagonal. */
const triangle =
  (upper: number) =>
  ({ graph, ...call }: Call): Value => {
    const self = call.tensor('self');
    const node = graph.add(
      'Trilu',
      [nodeAs(graph, self, null), graph.number('int', call.int('diagonal', 0))],
      { upper },
    );
    return createTensor(node, self.type, getShape(self));
  };

const more = 'dtype layout device pin_memory memory_format';

export const creationOperators: OperatorTable = {
  zeros: [`size ${more}`, create(0)],
  // what is read of it without being written has no right value
  empty: [`size ${more}`, create(0)],
  new_empty: [`self size ${more}`, createNew(0)],
  ones: [`size ${more}`, create(1)],
  full: [`size fill_value ${more}`, create(null)],
  zeros_like: [`self ${more}`, createLike(0)],
  ones_like: [`self ${more}`, createLike(1)],
  full_like: [`self fill_value ${more}`, createLike(null)],
  new_zeros: [`self size ${more}`, createNew(0)],
  new_ones: [`self size ${more}`, createNew(1)],
  new_full: [`self size fill_value ${more}`, createNew(null)],
  arange: [`first second third ${more}`, range],
  tensor: ['data dtype device requires_grad', fromNumbers],
  triu: ['self diagonal', triangle(1)],
  tril: ['self diagonal', triangle(0)],
  eye: [
    `n ${more}`,
    ({ graph, ...call }) => {
      const size = call.int('n');
      const ones = graph.add('Expand', [graph.number('float', 1), graph.ints([size, size])]);
      const upper = graph.add('Trilu', [ones, graph.number('int', 0)], { upper: 1 });
      return createTensor(
        graph.add('Trilu', [upper, graph.number('int', 0)], { upper: 0 }),
        givenElements({ graph, ...call }),
        [size, size],
      );
    },
  ],
};
