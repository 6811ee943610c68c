import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { isSame, unify, unknownSize, type Dimension } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import {
  getConstant,
  createTensor,
  getNode,
  requireKind,
  scalarNode,
  getShape,
  getSize,
} from '../tensor-values.ts';
import { int, tuple, type Scalar, type Tensor, type Value } from '../values.ts';
import { applyBinary, operations } from './arithmetic.ts';
import { swapAxes, withoutView } from './shape.ts';
import { marked } from './sorting.ts';

// Packed sequences. In the graph their rows stay padded [steps, batch, …], and recurrent operators get the
// lengths.

/** @returns the data and the batch sizes, which tell where the data is from */
function pack({ graph, ...call }: Call): Value {
  const [input, lengths] = [call.tensor('input'), call.tensor('lengths')];
  const sorts = [input, lengths].map(({ order }) => order);
  if (sorts[0]?.sort !== sorts[1]?.sort) invalidModel('rows and lengths in different orders');
  requireKind(lengths, 'int');
  const batchFirst = call.flag('batch_first');
  if (sorts[0] && sorts[0].axis !== (batchFirst ? 0 : 1))
    invalidModel('rows sorted along another axis than the batch');
  const plain = marked(lengths, undefined);
  if (getShape(input).length !== 3 || getShape(plain).length !== 1)
    return invalidModel(
      `rows of ${getShape(input).length} dimensions with lengths of ${getShape(plain).length}`,
    );
  unify(getShape(plain)[0]!, getShape(input)[batchFirst ? 0 : 1]!, 'the batch sizes of rows and lengths');
  const rows = batchFirst ? swapAxes(graph, marked(input, undefined), 0, 1) : marked(input, undefined);
  const packed = {
    rows,
    lengths: plain,
    steps: longest(graph, plain, getShape(rows)[0]!),
    sort: sorts[0]?.sort ?? null,
  };
  return tuple(createTensor('', 'float', [], { packed }), createTensor('', 'int', [], { sizes: { packed } }));
}

/** The greatest length. */
function longest(graph: Graph, lengths: Tensor, steps: Dimension): Scalar {
  const known = getConstant(graph, lengths);
  if (known) return int(Math.max(0, ...known));
  const node = graph.add('ReduceMax', [getNode(lengths), graph.ints([0])], { keepdims: 0 });
  return { kind: 'scalar', type: 'int', known: null, node, dimension: unknownSize([steps]) };
}

/** @returns the rows, padded to the total length, and the lengths */
function unpack({ graph, ...call }: Call): Value {
  const { packed } = call.tensor('data');
  if (!packed) return invalidModel('the data is not that of a packed sequence');
  const batchFirst = call.flag('batch_first');
  const value = call.number('padding_value', 0);
  const total =
    call.has('total_length') && call.scalar('total_length').known !== -1
      ? call.scalar('total_length')
      : packed.steps;
  const filled = value === 0 ? packed.rows : fillPadding(graph, packed.rows, packed.lengths, value);
  const rows = resize(graph, filled, total, packed.steps, value);
  const order = packed.sort
    ? ({ sort: packed.sort, role: 'sorted', axis: batchFirst ? 0 : 1 } as const)
    : undefined;
  return tuple(
    marked(withoutView(batchFirst ? swapAxes(graph, rows, 0, 1) : rows), order),
    marked(packed.lengths, order && { ...order, axis: 0 }),
  );
}

/** The rows of as many steps as the total. */
function resize(graph: Graph, rows: Tensor, total: Scalar, longest: Scalar, value: number): Tensor {
  const sizes = getShape(rows);
  const own = getSize(graph, rows, 0);
  const size = total.known ?? total.dimension ?? unknownSize();
  if (isSame(size, sizes[0]!)) return rows;
  const shape = sizes.with(0, size);
  if (total.node !== '' && total.node === longest.node)
    return createTensor(
      graph.add('Slice', [
        getNode(rows),
        graph.ints([0]),
        graph.add('Reshape', [total.node, graph.ints([1])]),
        graph.ints([0]),
      ]),
      'float',
      shape,
    );
  const missing = applyBinary(graph, operations.sub, total, own) as Scalar;
  const amount = graph.add('Reshape', [scalarNode(graph, missing), graph.ints([1])]);
  const pads = graph.add(
    'Concat',
    [graph.ints(sizes.map(() => 0)), amount, graph.ints(sizes.slice(1).map(() => 0))],
    { axis: 0 },
  );
  return createTensor(
    graph.add('Pad', [getNode(rows), pads, graph.number('float', value)], { mode: 'constant' }),
    'float',
    shape,
  );
}

/** The value where a step is past the length of its sequence. */
function fillPadding(graph: Graph, rows: Tensor, lengths: Tensor, value: number): Tensor {
  const steps = scalarNode(graph, getSize(graph, rows, 0));
  const range = graph.add('Range', [graph.number('int', 0), steps, graph.number('int', 1)]);
  const inside = graph.add('Less', [graph.add('Unsqueeze', [range, graph.ints([1])]), getNode(lengths)]);
  const mask = graph.add('Unsqueeze', [inside, graph.ints([2])]);
  return createTensor(
    graph.add('Where', [mask, getNode(rows), graph.number('float', value)]),
    'float',
    getShape(rows),
  );
}

export const packingOperators: OperatorTable = {
  _pack_padded_sequence: ['input lengths batch_first', pack],
  _pad_packed_sequence: ['data batch_sizes batch_first padding_value total_length', unpack],
};
