import type { ValueKind } from '../value-kind.ts';
import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { broadcastSizes } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import {
  convert,
  createList,
  createTensor,
  dataTypes,
  getItems,
  nodeAs,
  getNode,
  getShape,
} from '../tensor-values.ts';
import { describe, type ElementType, type Scalar, type Tensor, type Value } from '../values.ts';

// Arithmetic of numbers and tensors. An operation of two types has the wider one: bool, int, float.

type Operand = Scalar | Tensor;

export interface BinaryOperation {
  /** ONNX's operator. */
  readonly operator: string;
  readonly compute: (a: number, b: number) => number;
  readonly attributes?: Readonly<Record<string, number>>;
  /** The type of the result where it is not the operands'. */
  readonly result?: ValueKind;
  /** The type that operands are converted to where it is not the wider one. */
  readonly operands?: ValueKind;
}

const width = (kind: ValueKind): number => ['bool', 'int', 'float'].indexOf(kind);

export function requireOperand(value: Value): Operand {
  return value.kind === 'scalar' || value.kind === 'tensor'
    ? value
    : invalidModel(`arithmetic with a ${describe(value)}`);
}

/** The type of elements that an operation of two operands has; it is that of an input whose type is unknown. */
export function commonType(a: Operand, b: Operand): ElementType {
  const typeOf = (one: Operand): ElementType => (one.kind === 'tensor' ? one.type : { kind: one.type });
  const [one, other] = [typeOf(a), typeOf(b)];
  if (one.kind === null || other.kind === null) {
    const [open, given] = one.kind === null ? [one, other] : [other, one];
    return given.kind === 'float' ? given : open;
  }
  return width(one.kind) >= width(other.kind) ? one : other;
}

export function applyBinary(graph: Graph, operation: BinaryOperation, a: Operand, b: Operand): Operand {
  const { operator, compute, attributes, result, operands } = operation;
  const common = commonType(a, b);
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    const type = result ?? common.kind!;
    if (a.known !== null && b.known !== null)
      return { kind: 'scalar', type, known: convert(compute(a.known, b.known), type), node: '' };
    const kind = operands ?? common.kind!;
    return {
      kind: 'scalar',
      type,
      known: null,
      node: graph.add(operator, [nodeAs(graph, a, kind), nodeAs(graph, b, kind)], attributes),
    };
  }
  const kind = operands ?? common.kind;
  const sizes = [a, b].map((one) => (one.kind === 'tensor' ? getShape(one) : []));
  const node = graph.add(operator, [nodeAs(graph, a, kind), nodeAs(graph, b, kind)], attributes);
  noteRanks(graph, a, b);
  return createTensor(
    node,
    result ?? (operands ? { kind: operands } : common),
    broadcastSizes(sizes[0]!, sizes[1]!),
  );
}

/** Tells apart the numbers of dimensions that an input may have: usually tensors that are combined have the same. */
export function noteRanks(graph: Graph, a: Operand, b: Operand): void {
  if (a.kind !== 'tensor' || b.kind !== 'tensor') return;
  if (graph.constants.has(a.node) || graph.constants.has(b.node)) return;
  if (getShape(a).length !== getShape(b).length) graph.mixedRanks++;
}

export const operations = {
  add: { operator: 'Add', compute: (a, b) => a + b },
  sub: { operator: 'Sub', compute: (a, b) => a - b },
  mul: { operator: 'Mul', compute: (a, b) => a * b },
  div: { operator: 'Div', compute: (a, b) => a / b, result: 'float', operands: 'float' },
  pow: { operator: 'Pow', compute: (a, b) => a ** b },
  remainder: { operator: 'Mod', compute: (a, b) => a - b * Math.floor(a / b) },
  minimum: { operator: 'Min', compute: Math.min },
  maximum: { operator: 'Max', compute: Math.max },
} satisfies Record<string, BinaryOperation>;

/** self + alpha · other; lists and strings are joined. */
function addition(operation: BinaryOperation, factor: (alpha: number) => number) {
  return (call: Call): Value => {
    const { graph } = call;
    const [one, other] = [call.value('self'), call.value('other')];
    if (one.kind === 'string' && other.kind === 'string')
      return { kind: 'string', value: one.value + other.value };
    if (one.kind === 'list')
      return createList(graph, [...getItems(one, 'self'), ...getItems(other, 'other')]);
    const alpha = call.has('alpha') ? factor(call.number('alpha')) : 1;
    const [a, b] = [requireOperand(one), requireOperand(other)];
    if (alpha === 1) return applyBinary(graph, operation, a, b);
    const type = commonType(a, b).kind === 'float' ? 'float' : 'int';
    const scale: Scalar = { kind: 'scalar', type, known: alpha, node: '' };
    return applyBinary(graph, operation, a, applyBinary(graph, operations.mul, b, scale));
  };
}

const binary =
  (operation: BinaryOperation) =>
  (call: Call): Value =>
    applyBinary(
      call.graph,
      operation,
      requireOperand(call.value('self')),
      requireOperand(call.value('other')),
    );

/** The quotient rounded down. */
function floorDivide(call: Call): Operand {
  const { graph } = call;
  const [a, b] = [requireOperand(call.value('self')), requireOperand(call.value('other'))];
  const common = commonType(a, b).kind ?? 'float';
  const divide: BinaryOperation = { ...operations.div, compute: (x, y) => Math.floor(x / y), result: common };
  if (a.kind === 'scalar' && b.kind === 'scalar' && a.known !== null && b.known !== null)
    return applyBinary(graph, divide, a, b);
  const quotient = applyBinary(graph, operations.div, a, b);
  const down = graph.add('Floor', [nodeAs(graph, quotient, 'float')]);
  const node = common === 'float' ? down : graph.add('Cast', [down], { to: dataTypes.int });
  return quotient.kind === 'scalar'
    ? { ...quotient, type: common, node }
    : createTensor(node, common, getShape(quotient));
}

function divide(call: Call): Value {
  const mode = call.text('rounding_mode', '');
  if (mode === 'floor') return floorDivide(call);
  const quotient = binary(operations.div)(call) as Operand;
  if (mode === '') return quotient;
  if (mode !== 'trunc' || quotient.kind === 'scalar')
    return invalidModel(`rounding_mode ${mode} is not supported`);
  const whole = call.graph.add('Cast', [getNode(quotient)], { to: dataTypes.int });
  const { kind } = commonType(requireOperand(call.value('self')), requireOperand(call.value('other')));
  return kind === 'int'
    ? createTensor(whole, 'int', getShape(quotient))
    : createTensor(call.graph.add('Cast', [whole], { to: dataTypes.float }), 'float', getShape(quotient));
}

/** self + value · tensor1 · tensor2 (or / tensor2). */
const fused =
  (inner: BinaryOperation) =>
  (call: Call): Value => {
    const { graph } = call;
    const product = applyBinary(graph, inner, call.tensor('tensor1'), call.tensor('tensor2'));
    const scale: Scalar = { kind: 'scalar', type: 'float', known: call.number('value', 1), node: '' };
    return applyBinary(
      graph,
      operations.add,
      call.tensor('self'),
      applyBinary(graph, operations.mul, product, scale),
    );
  };

/** start + weight · (end − start) */
function interpolate(call: Call): Value {
  const { graph } = call;
  const [start, end] = [call.tensor('self'), call.tensor('end')];
  const difference = applyBinary(graph, operations.sub, end, start);
  const step = applyBinary(graph, operations.mul, requireOperand(call.value('weight')), difference);
  return applyBinary(graph, operations.add, start, step);
}

const two = 'self other';

export const arithmeticOperators: OperatorTable = {
  add: [`${two} alpha`, addition(operations.add, (alpha) => alpha)],
  sub: [`${two} alpha`, addition(operations.sub, (alpha) => alpha)],
  rsub: [
    two,
    (call) =>
      applyBinary(call.graph, operations.sub, requireOperand(call.value('other')), call.tensor('self')),
  ],
  mul: [two, binary(operations.mul)],
  multiply: [two, binary(operations.mul)],
  div: [`${two} rounding_mode`, divide],
  true_divide: [two, divide],
  divide: [`${two} rounding_mode`, divide],
  floordiv: [two, floorDivide],
  floor_divide: [two, floorDivide],
  remainder: [two, binary(operations.remainder)],
  fmod: [two, binary({ operator: 'Mod', compute: (a, b) => a % b, attributes: { fmod: 1 } })],
  pow: [two, binary(operations.pow)],
  minimum: [two, binary(operations.minimum)],
  maximum: [two, binary(operations.maximum)],
  addcmul: ['self tensor1 tensor2 value', fused(operations.mul)],
  addcdiv: ['self tensor1 tensor2 value', fused(operations.div)],
  lerp: ['self end weight', interpolate],
};
