import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { knownSize, sumOfSizes, unify, unknownSize } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import { getAxis, createTensor, nodeAs, getNode, getShape } from '../tensor-values.ts';
import type { List, Tensor, Value } from '../values.ts';
import { commonType } from './arithmetic.ts';
import { moveAxis, unsqueeze } from './shape.ts';

// Operators that join tensors.

function concatenate(graph: Graph, parts: readonly Tensor[], dim: number): Tensor {
  const [first] = parts;
  if (!first) return invalidModel('joins no tensors');
  const rank = getShape(first).length;
  const axis = getAxis(dim, rank);
  const type = parts
    .map((part) => part.type)
    .reduce((a, b) => commonType(createTensor('', a, []), createTensor('', b, [])));
  for (const part of parts) {
    const sizes = getShape(part);
    if (sizes.length !== rank) invalidModel(`joins tensors of ${rank} and ${sizes.length} dimensions`);
    sizes.forEach((size, i) => i !== axis && unify(size, getShape(first)[i]!, `axis ${i} of joined tensors`));
  }
  const length = sumOfSizes(parts.map((part) => getShape(part)[axis]!));
  if (parts.length === 1)
    return createTensor(getNode(first), first.type, getShape(first), { fill: first.fill });
  const node = graph.add(
    'Concat',
    parts.map((part) => nodeAs(graph, part, type.kind)),
    { axis },
  );
  const { fill } = first;
  return createTensor(node, type, getShape(first).with(axis, length), {
    fill: parts.every((part) => part.fill === fill) ? fill : null,
  });
}

const getRows = (stacked: NonNullable<List['stacked']>): NonNullable<List['stacked']> =>
  stacked.keepsAxis ? invalidModel('joins the parts of a tensor whose number is not known') : stacked;

function join(call: Call): Value {
  const { graph } = call;
  const list = call.value('tensors');
  const dim = call.int('dim', 0);
  if (list.kind !== 'list' || !list.stacked) return concatenate(graph, call.tensors('tensors'), dim);
  // rows of a loop: their axis comes before the one that they are joined along
  const { tensor, axis } = getRows(list.stacked);
  const rank = getShape(tensor).length;
  const at = getAxis(dim, rank - 1);
  const moved = moveAxis(graph, tensor, axis, at);
  const sizes = getShape(moved);
  const own = knownSize(sizes[at + 1]);
  const shape = [...sizes.slice(0, at), own === 1 ? sizes[at]! : unknownSize(), ...sizes.slice(at + 2)];
  if (own === 1)
    return createTensor(graph.add('Squeeze', [getNode(moved), graph.ints([at + 1])]), tensor.type, shape);
  // 0 keeps a size, which only those before the joined axis can
  const rest = graph.add('Shape', [getNode(moved)], { start: at + 2, end: rank });
  const target = graph.add('Concat', [graph.ints([...Array<number>(at).fill(0), -1]), rest], { axis: 0 });
  return createTensor(graph.add('Reshape', [getNode(moved), target]), tensor.type, shape);
}

function stack(call: Call): Value {
  const { graph } = call;
  const list = call.value('tensors');
  const dim = call.int('dim', 0);
  if (list.kind === 'list' && list.stacked) {
    const { tensor, axis } = getRows(list.stacked);
    const moved = moveAxis(graph, tensor, axis, getAxis(dim, getShape(tensor).length));
    return createTensor(getNode(moved), moved.type, getShape(moved));
  }
  const parts = call.tensors('tensors');
  const axis = getAxis(dim, getShape(parts[0] ?? invalidModel('joins no tensors')).length + 1);
  return concatenate(
    graph,
    parts.map((part) => unsqueeze(graph, part, axis)),
    axis,
  );
}

export const joiningOperators: OperatorTable = {
  cat: ['tensors dim', join],
  concat: ['tensors dim', join],
  concatenate: ['tensors dim', join],
  stack: ['tensors dim', stack],
};
