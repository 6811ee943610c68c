import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import type { Graph } from '../graph.ts';
import { applyBinary, operations } from './arithmetic.ts';
import { createTensor, nodeAs, getNode, getShape } from '../tensor-values.ts';
import { describe, type Scalar, type Tensor, type Value } from '../values.ts';
import { knownSize } from '../dimensions.ts';
import { getAxis } from '../tensor-values.ts';

// Functions of one tensor, element by element.

/** The elements as floats: functions of integers give floats. */
function asFloat({ graph }: Call, tensor: Tensor): string {
  tensor.type.kind ??= 'float';
  return nodeAs(graph, tensor, 'float');
}

const constant = (graph: Graph, value: number): string => graph.number('float', value);

type Attributes = Readonly<Record<string, number>>;
type Emit = (graph: Graph, x: string, call: Call) => string;

const function1 =
  (emit: Emit) =>
  (call: Call): Value => {
    const self = call.tensor('self');
    return createTensor(emit(call.graph, asFloat(call, self), call), 'float', getShape(self));
  };

const plain =
  (operator: string, attributes?: (call: Call) => Attributes): Emit =>
  (graph, x, call) =>
    graph.add(operator, [x], attributes?.(call));

/** A function that numbers have, too, and that keeps the type of integers. */
const rounding =
  (operator: string, compute: (x: number) => number, keepsType: boolean) =>
  (call: Call): Value => {
    const { graph } = call;
    const self = call.value('self');
    if (self.kind === 'scalar') {
      const type = keepsType ? self.type : 'int';
      if (self.known !== null) return { kind: 'scalar', type, known: compute(self.known), node: '' };
      const node = graph.add(operator, [nodeAs(graph, self, null)]);
      return {
        kind: 'scalar',
        type,
        known: null,
        node: type === self.type ? node : graph.add('Cast', [node], { to: 7 }),
      };
    }
    if (self.kind !== 'tensor') return invalidModel(`a ${describe(self)}, must be a number or a tensor`);
    return createTensor(graph.add(operator, [getNode(self)]), self.type, getShape(self));
  };

/** A function that numbers have, too: math.sqrt. */
const mathematical =
  (operator: string, compute: (x: number) => number) =>
  (call: Call): Value => {
    const self = call.value('self');
    if (self.kind !== 'scalar') return function1(plain(operator))(call);
    if (self.known !== null) return { kind: 'scalar', type: 'float', known: compute(self.known), node: '' };
    return {
      kind: 'scalar',
      type: 'float',
      known: null,
      node: call.graph.add(operator, [nodeAs(call.graph, self, 'float')]),
    };
  };

const clip = (graph: Graph, x: string, low: number | null, high: number | null): string =>
  graph.add('Clip', [
    x,
    low === null ? '' : constant(graph, low),
    high === null ? '' : constant(graph, high),
  ]);

/** x limited to [min, max], each of which may be missing. */
function clamp(call: Call): Value {
  const { graph } = call;
  const self = call.tensor('self');
  if (['min', 'max'].some((name) => call.has(name) && call.value(name).kind === 'tensor'))
    return clampByTensors(call);
  const bound = (name: string): number | null => (call.has(name) ? call.number(name) : null);
  const [min, max] = [bound('min'), bound('max')];
  if (self.type.kind === 'int' && [min, max].every((one) => one === null || Number.isInteger(one))) {
    const number = (one: number | null): string => (one === null ? '' : graph.number('int', one));
    return createTensor(graph.add('Clip', [getNode(self), number(min), number(max)]), 'int', getShape(self));
  }
  return createTensor(clip(graph, asFloat(call, self), min, max), 'float', getShape(self));
}

function clampByTensors(call: Call): Value {
  const { graph } = call;
  const raised = call.has('min')
    ? applyBinary(graph, operations.maximum, call.tensor('self'), call.tensor('min'))
    : call.tensor('self');
  return call.has('max') ? applyBinary(graph, operations.minimum, raised, call.tensor('max')) : raised;
}

const multiply = (graph: Graph, a: string, b: string): string => graph.add('Mul', [a, b]);
const add = (graph: Graph, x: string, value: number): string => graph.add('Add', [x, constant(graph, value)]);

/** min(max(x + 3, 0), 6) / 6 */
const hardSigmoid: Emit = (graph, x) => graph.add('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 });

/** The first half of an axis, times the sigmoid of the second. */
function gatedLinear(call: Call): Value {
  const { graph } = call;
  const self = call.tensor('self');
  const sizes = getShape(self);
  const axis = getAxis(call.int('dim', -1), sizes.length);
  const size = knownSize(sizes[axis]) ?? invalidModel('the size of the axis must be known');
  if (size % 2 !== 0) invalidModel(`an axis of ${size}, must be even`);
  const [a, b] = graph.addMany('Split', [asFloat(call, self), graph.ints([size / 2, size / 2])], 2, { axis });
  return createTensor(multiply(graph, a!, graph.add('Sigmoid', [b!])), 'float', sizes.with(axis, size / 2));
}

function parametricRelu(call: Call): Value {
  const { graph } = call;
  const [self, weight] = [call.tensor('self'), call.tensor('weight')];
  const rank = getShape(self).length;
  const size = knownSize(getShape(weight)[0]) ?? invalidModel('the size of the weight must be known');
  // a slope for each channel, which is axis 1
  const slope =
    size === 1
      ? getNode(weight)
      : graph.add('Reshape', [
          getNode(weight),
          graph.ints([size, ...Array<number>(Math.max(0, rank - 2)).fill(1)]),
        ]);
  return createTensor(graph.add('PRelu', [asFloat(call, self), slope]), 'float', getShape(self));
}

/** x where it is above the threshold, else the value. */
const threshold: Emit = (graph, x, call) =>
  graph.add('Where', [
    graph.add('Greater', [x, constant(graph, call.number('threshold'))]),
    x,
    constant(graph, call.number('value')),
  ]);

const softplus: Emit = (graph, x, call) => {
  const beta = call.number('beta', 1);
  const limit = call.number('threshold', 20);
  const scaled = beta === 1 ? x : multiply(graph, x, constant(graph, beta));
  const soft = graph.add('Softplus', [scaled]);
  const y = beta === 1 ? soft : graph.add('Div', [soft, constant(graph, beta)]);
  return graph.add('Where', [graph.add('Greater', [scaled, constant(graph, limit)]), x, y]);
};

const elu: Emit = (graph, x, call) => {
  if (call.number('scale', 1) !== 1 || call.number('input_scale', 1) !== 1)
    invalidModel('scale and input_scale must be 1');
  return graph.add('Elu', [x], { alpha: call.number('alpha', 1) });
};

/** −softplus(−x) */
const logSigmoid: Emit = (graph, x) => graph.add('Neg', [graph.add('Softplus', [graph.add('Neg', [x])])]);

const one = 'self';

export const elementWiseOperators: OperatorTable = {
  relu: [
    one,
    (call) => (call.tensor('self').type.kind === 'int' ? clampAtZero(call) : function1(plain('Relu'))(call)),
  ],
  relu6: [one, function1((graph, x) => clip(graph, x, 0, 6))],
  sigmoid: [one, function1(plain('Sigmoid'))],
  tanh: [one, function1(plain('Tanh'))],
  exp: [one, mathematical('Exp', Math.exp)],
  log: [one, mathematical('Log', Math.log)],
  sqrt: [one, mathematical('Sqrt', Math.sqrt)],
  rsqrt: [one, function1((graph, x) => graph.add('Reciprocal', [graph.add('Sqrt', [x])]))],
  log1p: [one, function1((graph, x) => graph.add('Log', [add(graph, x, 1)]))],
  expm1: [one, function1((graph, x) => add(graph, graph.add('Exp', [x]), -1))],
  log2: [one, function1((graph, x) => graph.add('Div', [graph.add('Log', [x]), constant(graph, Math.LN2)]))],
  log10: [
    one,
    function1((graph, x) => graph.add('Div', [graph.add('Log', [x]), constant(graph, Math.LN10)])),
  ],
  reciprocal: [one, function1(plain('Reciprocal'))],
  erf: [one, function1(plain('Erf'))],
  sin: [one, function1(plain('Sin'))],
  cos: [one, function1(plain('Cos'))],
  atan: [one, function1(plain('Atan'))],
  square: [one, function1((graph, x) => multiply(graph, x, x))],
  neg: [one, rounding('Neg', (x) => -x, true)],
  abs: [one, rounding('Abs', Math.abs, true)],
  sign: [one, rounding('Sign', Math.sign, true)],
  floor: [one, rounding('Floor', Math.floor, false)],
  ceil: [one, rounding('Ceil', Math.ceil, false)],
  round: [one, rounding('Round', Math.round, true)],
  isnan: [
    one,
    (call) =>
      createTensor(
        call.graph.add('IsNaN', [getNode(call.tensor('self'))]),
        'bool',
        getShape(call.tensor('self')),
      ),
  ],
  leaky_relu: [
    'self negative_slope',
    function1(plain('LeakyRelu', (call) => ({ alpha: call.number('negative_slope', 0.01) }))),
  ],
  prelu: ['self weight', parametricRelu],
  elu: ['self alpha scale input_scale', function1(elu)],
  celu: ['self alpha', function1(plain('Celu', (call) => ({ alpha: call.number('alpha', 1) })))],
  selu: [one, function1(plain('Selu'))],
  gelu: [
    'self approximate',
    function1((graph, x, call) => {
      const approximate = call.text('approximate', 'none');
      return graph.add('Gelu', [x], ...(approximate === 'tanh' ? [{ approximate }] : []));
    }),
  ],
  silu: [one, function1((graph, x) => multiply(graph, x, graph.add('Sigmoid', [x])))],
  mish: [one, function1((graph, x) => multiply(graph, x, graph.add('Tanh', [graph.add('Softplus', [x])])))],
  hardsigmoid: [one, function1(hardSigmoid)],
  hardswish: [one, function1((graph, x, call) => multiply(graph, x, hardSigmoid(graph, x, call)))],
  hardtanh: [
    'self min_val max_val',
    function1((graph, x, call) => clip(graph, x, call.number('min_val', -1), call.number('max_val', 1))),
  ],
  softsign: [one, function1(plain('Softsign'))],
  softplus: ['self beta threshold', function1(softplus)],
  log_sigmoid: [one, function1(logSigmoid)],
  threshold: ['self threshold value', function1(threshold)],
  softshrink: [
    'self lambd',
    function1((graph, x, call) => {
      const limit = call.number('lambd', 0.5);
      return graph.add('Sub', [x, clip(graph, x, -limit, limit)]);
    }),
  ],
  hardshrink: [
    'self lambd',
    function1((graph, x, call) => {
      const isLarge = graph.add('Greater', [
        graph.add('Abs', [x]),
        constant(graph, call.number('lambd', 0.5)),
      ]);
      return graph.add('Where', [isLarge, x, constant(graph, 0)]);
    }),
  ],
  glu: ['self dim', gatedLinear],
  clamp: ['self min max', clamp],
  clip: ['self min max', clamp],
  clamp_min: ['self min', clamp],
  clamp_max: ['self max', clamp],
};

function clampAtZero(call: Call): Value {
  const self = call.tensor('self');
  const zero: Scalar = { kind: 'scalar', type: 'int', known: 0, node: '' };
  return createTensor(
    call.graph.add('Max', [getNode(self), nodeAs(call.graph, zero, 'int')]),
    'int',
    getShape(self),
  );
}
