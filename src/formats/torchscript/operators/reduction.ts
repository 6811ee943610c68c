import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import type { Dimension } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import {
  getAxis,
  createTensor,
  dataTypes,
  getItems,
  nodeAs,
  getNode,
  getShape,
  asScalar,
} from '../tensor-values.ts';
import { tuple, type Scalar, type Tensor, type Value } from '../values.ts';
import { applyBinary, operations, requireOperand } from './arithmetic.ts';
import { castTo, getElements } from './types.ts';

// Reductions along axes, and what keeps an axis: softmax, cumulative sums.

/** The axes given, or all. */
function getAxes(call: Call, rank: number): number[] {
  const given = call.has('dim') ? call.ints('dim') : [];
  return given.length === 0
    ? Array.from({ length: rank }, (_, i) => i)
    : given.map((axis) => getAxis(axis, rank));
}

const reducedShape = (sizes: readonly Dimension[], axes: readonly number[], keep: boolean): Dimension[] =>
  keep ? sizes.map((size, i) => (axes.includes(i) ? 1 : size)) : sizes.filter((_, i) => !axes.includes(i));

function reduce(
  graph: Graph,
  operator: string,
  node: string,
  sizes: readonly Dimension[],
  axes: readonly number[],
  keep: boolean,
  kind: Tensor['type'] | 'float' | 'int',
): Tensor {
  if (sizes.length === 0) return createTensor(node, kind, []);
  const reduced = graph.add(operator, [node, graph.ints(axes)], { keepdims: keep ? 1 : 0 });
  return createTensor(reduced, kind, reducedShape(sizes, axes, keep));
}

/** Reduces floats; integers where the operator allows them. */
const reduction =
  (operator: string, integers: boolean) =>
  (call: Call): Value => {
    const { graph } = call;
    const given = call.tensor('self');
    const self = call.has('dtype') ? castTo(graph, given, getElements(call.scalar('dtype'))) : given;
    self.type.kind ??= 'float';
    const kind = self.type.kind === 'float' || !integers ? 'float' : 'int';
    if (kind === 'float' && self.type.kind !== 'float')
      invalidModel(`elements of type ${self.type.kind}, must be float`);
    const sizes = getShape(self);
    return reduce(
      graph,
      operator,
      nodeAs(graph, self, kind),
      sizes,
      getAxes(call, sizes.length),
      call.flag('keepdim', false),
      kind,
    );
  };

/** max and min: of all, of two, or along an axis with the indexes. */
const extreme =
  (name: 'Max' | 'Min') =>
  (call: Call): Value => {
    const { graph } = call;
    const first = call.value('self');
    if (first.kind !== 'tensor' && !call.has('dim')) return extremeOfNumbers(name, getItems(first, 'self'));
    if (first.kind !== 'tensor' || (call.has('dim') && call.value('dim').kind === 'tensor'))
      return applyBinary(
        graph,
        operations[name === 'Max' ? 'maximum' : 'minimum'],
        requireOperand(first),
        requireOperand(call.value('dim')),
      );
    const self = call.tensor('self');
    const sizes = getShape(self);
    const axes = getAxes(call, sizes.length);
    const values = reduce(
      graph,
      `Reduce${name}`,
      getNode(self),
      sizes,
      axes,
      call.flag('keepdim', false),
      self.type,
    );
    if (!call.has('dim')) return values;
    return tuple(values, argument(`Arg${name}`, call));
  };

function extremeOfNumbers(name: 'Max' | 'Min', items: readonly Value[]): Value {
  const numbers = items.map((item) => asScalar(item, 'an item'));
  if (numbers.length === 0 || numbers.some(({ known }) => known === null))
    return invalidModel('an extreme of numbers that depend on the input');
  const compute = name === 'Max' ? Math.max : Math.min;
  return { ...numbers[0]!, known: compute(...numbers.map(({ known }) => known!)) };
}

/** The indexes of the extremes along an axis, or in all elements. */
function argument(operator: string, call: Call): Tensor {
  const { graph } = call;
  const self = call.tensor('self');
  const sizes = getShape(self);
  if (!call.has('dim')) {
    const flat = graph.add('Reshape', [getNode(self), graph.ints([-1])]);
    return createTensor(graph.add(operator, [flat], { axis: 0, keepdims: 0 }), 'int', []);
  }
  const axis = getAxis(call.int('dim'), sizes.length);
  const keep = call.flag('keepdim', false);
  const node = graph.add(operator, [getNode(self)], { axis, keepdims: keep ? 1 : 0 });
  return createTensor(node, 'int', reducedShape(sizes, [axis], keep));
}

/** The variance, by default with the divisor n − 1; or its root. */
const deviation =
  (root: boolean) =>
  (call: Call): Value => {
    const { graph } = call;
    const self = call.tensor('self');
    self.type.kind ??= 'float';
    const sizes = getShape(self);
    const isFlag =
      call.has('dim') && call.value('dim').kind === 'scalar' && (call.value('dim') as Scalar).type === 'bool';
    const axes = isFlag ? sizes.map((_, i) => i) : getAxes(call, sizes.length);
    const correction = isFlag
      ? call.int('dim')
      : call.has('correction')
        ? call.int('correction')
        : call.int('unbiased', 1);
    const indexes = graph.ints(axes);
    const centred = graph.add('Sub', [
      getNode(self),
      graph.add('ReduceMean', [getNode(self), indexes], { keepdims: 1 }),
    ]);
    const keepdims = call.flag('keepdim', false) ? 1 : 0;
    const sum = graph.add('ReduceSumSquare', [centred, indexes], { keepdims });
    const counts = graph.add('Gather', [graph.add('Shape', [getNode(self)]), indexes], { axis: 0 });
    const count = graph.add('ReduceProd', [graph.add('Cast', [counts], { to: dataTypes.float })], {
      keepdims: 0,
    });
    const variance = graph.add('Div', [sum, graph.add('Sub', [count, graph.number('float', correction)])]);
    return createTensor(
      root ? graph.add('Sqrt', [variance]) : variance,
      'float',
      reducedShape(sizes, axes, keepdims === 1),
    );
  };

/** The p-norm for p of 1 or 2. */
function norm(call: Call): Value {
  const p = call.number('p', 2);
  if (p !== 1 && p !== 2) invalidModel(`a norm with p = ${p}, must be 1 or 2`);
  return reduction(p === 1 ? 'ReduceL1' : 'ReduceL2', false)(call);
}

/** Whether all or any are true. */
const logical =
  (operator: string) =>
  ({ graph, ...call }: Call): Value => {
    const given = call.value('self');
    if (given.kind === 'list') return extremeOfNumbers(operator === 'ReduceMax' ? 'Max' : 'Min', given.items);
    const self = call.tensor('self');
    const sizes = getShape(self);
    const keep = call.flag('keepdim', false);
    const axes = getAxes({ graph, ...call }, sizes.length);
    const ints = graph.add('Cast', [nodeAs(graph, self, 'bool')], { to: dataTypes.int });
    const reduced = reduce(graph, operator, ints, sizes, axes, keep, 'int');
    return createTensor(
      graph.add('Cast', [getNode(reduced)], { to: dataTypes.bool }),
      'bool',
      getShape(reduced),
    );
  };

const alongAxis =
  (operator: string) =>
  ({ graph, ...call }: Call): Value => {
    const given = call.tensor('self');
    const self = call.has('dtype') ? castTo(graph, given, getElements(call.scalar('dtype'))) : given;
    self.type.kind ??= 'float';
    if (self.type.kind !== 'float') invalidModel(`elements of type ${self.type.kind}, must be float`);
    const axis = getAxis(call.int('dim'), getShape(self).length);
    return createTensor(graph.add(operator, [getNode(self)], { axis }), 'float', getShape(self));
  };

function cumulativeSum({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  const axis = getAxis(call.int('dim'), getShape(self).length);
  const kind = self.type.kind === 'bool' ? 'int' : (self.type.kind ?? 'float');
  const node = graph.add('CumSum', [nodeAs(graph, self, kind), graph.number('int', axis)]);
  return createTensor(node, kind, getShape(self));
}

/** x / max(‖x‖, eps) is written out in the code; cosine similarity has no code of its own. */
function cosineSimilarity({ graph, ...call }: Call): Value {
  const [a, b] = [call.tensor('x1'), call.tensor('x2')];
  const axis = getAxis(call.int('dim', 1), getShape(a).length);
  const sum = (x: Tensor, y: Tensor): Tensor => {
    const product = applyBinary(graph, operations.mul, x, y) as Tensor;
    return reduce(graph, 'ReduceSum', getNode(product), getShape(product), [axis], false, 'float');
  };
  const eps = call.number('eps', 1e-8);
  const length = (x: Tensor): string =>
    graph.add('Max', [graph.add('Sqrt', [getNode(sum(x, x))]), graph.number('float', eps)]);
  const product = sum(a, b);
  return createTensor(
    graph.add('Div', [getNode(product), graph.add('Mul', [length(a), length(b)])]),
    'float',
    getShape(product),
  );
}

const along = 'self dim keepdim dtype';

export const reductionOperators: OperatorTable = {
  sum: [along, reduction('ReduceSum', true)],
  mean: [along, reduction('ReduceMean', false)],
  prod: [along, reduction('ReduceProd', true)],
  amax: [along, reduction('ReduceMax', true)],
  amin: [along, reduction('ReduceMin', true)],
  logsumexp: [along, reduction('ReduceLogSumExp', false)],
  norm: ['self p dim keepdim dtype', norm],
  linalg_norm: ['self p dim keepdim dtype', norm],
  linalg_vector_norm: ['self p dim keepdim dtype', norm],
  frobenius_norm: [along, reduction('ReduceL2', false)],
  max: [along, extreme('Max')],
  min: [along, extreme('Min')],
  argmax: [along, (call) => argument('ArgMax', call)],
  argmin: [along, (call) => argument('ArgMin', call)],
  var: ['self dim unbiased keepdim correction', deviation(false)],
  std: ['self dim unbiased keepdim correction', deviation(true)],
  any: [along, logical('ReduceMax')],
  all: [along, logical('ReduceMin')],
  softmax: ['self dim dtype', alongAxis('Softmax')],
  _softmax: ['self dim half_to_float', alongAxis('Softmax')],
  log_softmax: ['self dim dtype', alongAxis('LogSoftmax')],
  cumsum: ['self dim dtype', cumulativeSum],
  cosine_similarity: ['x1 x2 dim eps', cosineSimilarity],
};
