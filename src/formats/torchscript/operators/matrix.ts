import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { broadcastSizes, knownSize, unify, type Dimension } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import { createTensor, getNode, requireKind, getShape } from '../tensor-values.ts';
import { float, type Tensor, type Value } from '../values.ts';
import { applyBinary, operations } from './arithmetic.ts';
import { swapAxes, transpose, unsqueeze, withoutView } from './shape.ts';

// Matrix products.

/** x [.., in] · weightᵀ + bias, weight [out, in]  bias [out] */
export function linear(graph: Graph, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  for (const one of [x, weight, ...(bias ? [bias] : [])]) requireKind(one, 'float');
  const [sizes, matrix] = [getShape(x), getShape(weight)];
  if (matrix.length !== 2 || sizes.length === 0)
    invalidModel(`a weight of ${matrix.length} dimensions for an input of ${sizes.length}`);
  unify(sizes.at(-1)!, matrix[1]!, 'the columns of the input and of the weight');
  const shape = [...sizes.slice(0, -1), matrix[0]!];
  if (sizes.length === 2) {
    const inputs = [getNode(x), getNode(weight), ...(bias ? [getNode(bias)] : [])];
    return createTensor(graph.add('Gemm', inputs, { transB: 1 }), 'float', shape);
  }
  const product = graph.add('MatMul', [
    getNode(x),
    graph.add('Transpose', [getNode(weight)], { perm: [1, 0] }),
  ]);
  return createTensor(bias ? graph.add('Add', [product, getNode(bias)]) : product, 'float', shape);
}

/** a [.., rows, inner] · b [.., inner, columns]; a vector is a row on the left and a column on the right. */
function matmul(graph: Graph, a: Tensor, b: Tensor): Tensor {
  requireKind(a, 'float');
  requireKind(b, 'float');
  const [left, right] = [getShape(a), getShape(b)];
  if (left.length === 0 || right.length === 0) invalidModel('a product of a tensor without dimensions');
  unify(left.at(-1)!, right.at(right.length === 1 ? -1 : -2)!, 'the inner sizes of a product');
  const shape: Dimension[] = [
    ...broadcastSizes(left.slice(0, -2), right.slice(0, -2)),
    ...left.slice(0, -1).slice(-1),
    ...(right.length === 1 ? [] : right.slice(-1)),
  ];
  return createTensor(graph.add('MatMul', [getNode(a), getNode(b)]), 'float', shape);
}

const ranked =
  (rankA: number, rankB: number) =>
  ({ graph, ...call }: Call): Value => {
    const [a, b] = [call.tensor('self'), call.tensor('other')];
    if (getShape(a).length !== rankA || getShape(b).length !== rankB)
      invalidModel(
        `operands of ${getShape(a).length} and ${getShape(b).length} dimensions, must have ${rankA} and ${rankB}`,
      );
    if (rankA === 3) unify(getShape(a)[0]!, getShape(b)[0]!, 'the batch sizes of a product');
    return matmul(graph, a, b);
  };

/** beta · self + alpha · (a · b) */
const withAddend =
  (rank: number) =>
  ({ graph, ...call }: Call): Value => {
    const [self, a, b] = [call.tensor('self'), call.tensor('a'), call.tensor('b')];
    if (getShape(a).length !== rank || (rank === 3 && getShape(b).length !== 3))
      invalidModel(`operands of other than ${rank} dimensions`);
    const [alpha, beta] = [call.number('alpha', 1), call.number('beta', 1)];
    const product = matmul(graph, a, b);
    const scaled = (one: Tensor, by: number) =>
      by === 1 ? one : applyBinary(graph, operations.mul, one, float(by));
    if (beta === 0) return scaled(product, alpha);
    return applyBinary(graph, operations.add, scaled(product, alpha), scaled(self, beta));
  };

/**
 * One or two operands with letters for their axes. The axes of two are brought in the order batch, own,
 * summed, so that the sum is a matrix product.
 */
function einsum({ graph, ...call }: Call): Value {
  const equation = call.text('equation').replaceAll(' ', '');
  const tensors = call.tensors('tensors');
  const match = /^([a-zA-Z,]+)->([a-zA-Z]*)$/.exec(equation);
  const terms = match?.[1]!.split(',') ?? [];
  const output = match?.[2] ?? '';
  const unique = (text: string): boolean => new Set(text).size === text.length;
  if (!match || terms.length !== 2 || tensors.length !== 2 || ![...terms, output].every(unique))
    return invalidModel(
      `the equation ${equation} is not supported: must have two operands, no letter twice, and "->"`,
    );
  const [x, y] = tensors as [Tensor, Tensor];
  const [left, right] = terms as [string, string];
  if (getShape(x).length !== left.length || getShape(y).length !== right.length)
    invalidModel(`the equation ${equation} for ${getShape(x).length} and ${getShape(y).length} dimensions`);
  const sizeOfLetter = (letter: string): Dimension =>
    left.includes(letter) ? getShape(x)[left.indexOf(letter)]! : getShape(y)[right.indexOf(letter)]!;
  for (const letter of left)
    if (right.includes(letter))
      unify(getShape(x)[left.indexOf(letter)]!, getShape(y)[right.indexOf(letter)]!, `the axis ${letter}`);
  const shared = [...left].filter((letter) => right.includes(letter));
  const batch = shared.filter((letter) => output.includes(letter));
  const summed = shared.filter((letter) => !output.includes(letter));
  const ownX = [...left].filter((letter) => !shared.includes(letter));
  const ownY = [...right].filter((letter) => !shared.includes(letter));
  if (
    summed.length > 1 ||
    ownX.length > (batch.length === 0 ? 8 : 1) ||
    ownY.length > 1 ||
    [...ownX, ...ownY].some((letter) => !output.includes(letter))
  )
    return invalidModel(
      `the equation ${equation} is not supported: at most one axis may be summed, and one kept of each operand`,
    );
  const arrange = (
    tensor: Tensor,
    letters: string,
    order: readonly string[],
    at: number,
    missing: boolean,
  ): Tensor => {
    const turned = transpose(
      graph,
      tensor,
      order.map((letter) => letters.indexOf(letter)),
    );
    return missing ? unsqueeze(graph, turned, at) : turned;
  };
  const a0 = arrange(x, left, [...batch, ...ownX, ...summed], batch.length, ownX.length === 0);
  const a = summed.length === 0 ? unsqueeze(graph, a0, getShape(a0).length) : a0;
  const b0 = arrange(y, right, [...batch, ...summed, ...ownY], batch.length, summed.length === 0);
  const b = ownY.length === 0 ? unsqueeze(graph, b0, batch.length + 1) : b0;
  const product = matmul(graph, a, b);
  // without the axes of 1 that were added
  const removed = [
    ...(ownX.length === 0 ? [batch.length] : []),
    ...(ownY.length === 0 ? [batch.length + Math.max(1, ownX.length)] : []),
  ];
  const letters = [...batch, ...ownX, ...ownY];
  const node =
    removed.length > 0 ? graph.add('Squeeze', [getNode(product), graph.ints(removed)]) : getNode(product);
  const plain = createTensor(node, 'float', letters.map(sizeOfLetter));
  const order = [...output].map((letter) => letters.indexOf(letter));
  return withoutView(transpose(graph, plain, order));
}

/** The rows of a table at ids. */
function embedding({ graph, ...call }: Call): Value {
  const [weight, indices] = [call.tensor('weight'), call.tensor('indices')];
  requireKind(indices, 'int');
  const shape = [...getShape(indices), ...getShape(weight).slice(1)];
  return createTensor(
    graph.add('Gather', [getNode(weight), getNode(indices)], { axis: 0 }),
    weight.type,
    shape,
  );
}

/** g · v / ‖v‖, the norm over all axes but one. */
function weightNorm({ graph, ...call }: Call): Value {
  const [v, g] = [call.tensor('v'), call.tensor('g')];
  const dim = call.int('dim', 0);
  const axes = getShape(v).flatMap((_, i) => (i === dim ? [] : [i]));
  const norm = graph.add('ReduceL2', [getNode(v), graph.ints(axes)], { keepdims: 1 });
  const unit = graph.add('Div', [getNode(v), norm]);
  return createTensor(graph.add('Mul', [unit, getNode(g)]), 'float', getShape(v));
}

/** softmax(q · kᵀ / √width + mask) · v */
function attention({ graph, ...call }: Call): Value {
  const [query, key, value] = [call.tensor('query'), call.tensor('key'), call.tensor('value')];
  if (call.number('dropout_p', 0) !== 0 || call.flag('is_causal', false))
    invalidModel('dropout_p and is_causal are not supported');
  const width = knownSize(getShape(query).at(-1)) ?? invalidModel('the width of the query must be known');
  const scale = call.has('scale') ? call.number('scale') : 1 / Math.sqrt(width);
  const scores = applyBinary(
    graph,
    operations.mul,
    matmul(graph, query, swapAxes(graph, key, -1, -2)),
    float(scale),
  );
  const mask = call.optionalTensor('attn_mask');
  if (mask) requireKind(mask, 'float');
  const masked = (mask ? applyBinary(graph, operations.add, scores, mask) : scores) as Tensor;
  const weights = graph.add('Softmax', [getNode(masked)], { axis: -1 });
  return matmul(graph, createTensor(weights, 'float', getShape(masked)), value);
}

export const matrixOperators: OperatorTable = {
  linear: [
    'input weight bias',
    ({ graph, ...call }) =>
      linear(graph, call.tensor('input'), call.tensor('weight'), call.optionalTensor('bias')),
  ],
  matmul: ['self other', (call) => matmul(call.graph, call.tensor('self'), call.tensor('other'))],
  mm: ['self other', ranked(2, 2)],
  bmm: ['self other', ranked(3, 3)],
  mv: ['self other', ranked(2, 1)],
  dot: ['self other', ranked(1, 1)],
  outer: [
    'self other',
    ({ graph, ...call }) =>
      matmul(graph, unsqueeze(graph, call.tensor('self'), 1), unsqueeze(graph, call.tensor('other'), 0)),
  ],
  addmm: ['self a b beta alpha', withAddend(2)],
  addmv: ['self a b beta alpha', withAddend(2)],
  baddbmm: ['self a b beta alpha', withAddend(3)],
  einsum: ['equation tensors path', einsum],
  embedding: ['weight indices padding_idx scale_grad_by_freq sparse', embedding],
  _weight_norm: ['v g dim', weightNorm],
  scaled_dot_product_attention: ['query key value attn_mask dropout_p is_causal scale', attention],
};
