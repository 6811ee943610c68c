import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { isSame } from '../dimensions.ts';
import { createTensor, nodeAs, requireKind, getShape } from '../tensor-values.ts';
import { bool, describe, type Scalar, type Value } from '../values.ts';
import { broadcastSizes } from '../dimensions.ts';
import { applyBinary, noteRanks, requireOperand, type BinaryOperation } from './arithmetic.ts';

// Comparisons and logic, of numbers and of tensors.

const unknownBool = (compares?: Scalar['compares']): Scalar => ({
  kind: 'scalar',
  type: 'bool',
  known: null,
  node: '',
  ...(compares && { compares }),
});

/** Whether two values are equal; null where it depends on the input. */
function areEqual(a: Value, b: Value): boolean | null {
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    if (a.known !== null && b.known !== null) return a.known === b.known;
    if (a.dimension !== undefined && b.dimension !== undefined && isSame(a.dimension, b.dimension))
      return true;
    return a.node !== '' && a.node === b.node ? true : null;
  }
  if (a.kind === 'string' || b.kind === 'string')
    return a.kind === 'string' && b.kind === 'string' && a.value === b.value;
  if (a.kind === 'device' || b.kind === 'device') return a.kind === b.kind;
  if ((a.kind !== 'list' && a.kind !== 'tuple') || (b.kind !== 'list' && b.kind !== 'tuple'))
    return a.kind === 'none' && b.kind === 'none'
      ? true
      : invalidModel(`compares a ${describe(a)} with a ${describe(b)}`);
  if (a.items.length !== b.items.length) return false;
  const each = a.items.map((item, i) => areEqual(item, b.items[i]!));
  return each.includes(false) ? false : each.includes(null) ? null : true;
}

const equality =
  (equal: boolean, operation: BinaryOperation) =>
  (call: Call): Value => {
    const { graph } = call;
    const [left, right] = [call.value('self'), call.value('other')];
    if (left.kind === 'tensor' || right.kind === 'tensor') {
      const same = applyBinary(graph, operation, requireOperand(left), requireOperand(right));
      if (equal || same.kind !== 'tensor') return same;
      return createTensor(graph.add('Not', [same.node]), 'bool', getShape(same));
    }
    const same = areEqual(left, right);
    if (same !== null) return bool(same === equal);
    if (left.kind !== 'scalar' || right.kind !== 'scalar') return unknownBool({ equal, left, right });
    const compared = applyBinary(graph, operation, left, right) as Scalar;
    const node = equal ? compared.node : graph.add('Not', [compared.node]);
    return { ...compared, node, compares: { equal, left, right } };
  };

const ordering =
  (operator: string, compute: (a: number, b: number) => boolean) =>
  (call: Call): Value =>
    applyBinary(
      call.graph,
      { operator, compute: (a, b) => Number(compute(a, b)), result: 'bool' },
      requireOperand(call.value('self')),
      requireOperand(call.value('other')),
    );

function not(call: Call): Value {
  const { graph } = call;
  const one = requireOperand(call.value('self'));
  if (one.kind === 'tensor') {
    return createTensor(graph.add('Not', [nodeAs(graph, one, 'bool')]), 'bool', getShape(one));
  }
  if (one.known !== null) return bool(one.known === 0);
  const compares = one.compares && { ...one.compares, equal: !one.compares.equal };
  return {
    ...unknownBool(compares),
    node: one.node === '' ? '' : graph.add('Not', [nodeAs(graph, one, 'bool')]),
  };
}

const logic =
  (operator: string, compute: (a: number, b: number) => boolean) =>
  (call: Call): Value =>
    applyBinary(
      call.graph,
      { operator, compute: (a, b) => Number(compute(a, b)), result: 'bool', operands: 'bool' },
      requireOperand(call.value('self')),
      requireOperand(call.value('other')),
    );
/** & and | are bitwise for integers, which is not supported. */
const bitwise =
  (operator: string, compute: (a: number, b: number) => boolean) =>
  (call: Call): Value => {
    for (const name of ['self', 'other']) {
      const one = requireOperand(call.value(name));
      if (one.kind === 'tensor') requireKind(one, 'bool');
    }
    return logic(operator, compute)(call);
  };

const isNone =
  (expected: boolean) =>
  (call: Call): Value => {
    const [a, b] = [call.value('self'), call.value('other')];
    if (a.kind !== 'none' && b.kind !== 'none') return bool((a === b) === expected);
    return bool((a.kind === b.kind) === expected);
  };

/** self where the condition is true, else other; shapes are broadcast. */
function where(call: Call): Value {
  const { graph } = call;
  const condition = call.tensor('condition');
  const [a, b] = [requireOperand(call.value('self')), requireOperand(call.value('other'))];
  const sum = applyBinary(graph, { operator: 'Add', compute: (x) => x }, a, b);
  const type = sum.kind === 'tensor' ? sum.type : { kind: sum.type };
  const sizes = sum.kind === 'tensor' ? getShape(sum) : [];
  const node = graph.add('Where', [
    nodeAs(graph, condition, 'bool'),
    nodeAs(graph, a, type.kind),
    nodeAs(graph, b, type.kind),
  ]);
  return createTensor(node, type, broadcastSizes(getShape(condition), sizes));
}

/** self, or the value where the mask is true. */
function maskedFill(call: Call): Value {
  const { graph } = call;
  const [self, mask] = [call.tensor('self'), call.tensor('mask')];
  const value = requireOperand(call.value('value'));
  requireKind(mask, 'bool');
  noteRanks(graph, self, mask);
  const node = graph.add('Where', [
    nodeAs(graph, mask, 'bool'),
    nodeAs(graph, value, self.type.kind ?? 'float'),
    nodeAs(graph, self, null),
  ]);
  return createTensor(node, self.type, broadcastSizes(getShape(mask), getShape(self)));
}

const two = 'self other';
const equal: BinaryOperation = { operator: 'Equal', compute: (a, b) => Number(a === b), result: 'bool' };

export const comparisonOperators: OperatorTable = {
  eq: [two, equality(true, equal)],
  ne: [two, equality(false, equal)],
  lt: [two, ordering('Less', (a, b) => a < b)],
  le: [two, ordering('LessOrEqual', (a, b) => a <= b)],
  gt: [two, ordering('Greater', (a, b) => a > b)],
  ge: [two, ordering('GreaterOrEqual', (a, b) => a >= b)],
  __not__: ['self', not],
  logical_not: ['self', not],
  bitwise_not: ['self', (call) => (requireKind(call.tensor('self'), 'bool'), not(call))],
  logical_and: [two, logic('And', (a, b) => a !== 0 && b !== 0)],
  logical_or: [two, logic('Or', (a, b) => a !== 0 || b !== 0)],
  logical_xor: [two, logic('Xor', (a, b) => (a !== 0) !== (b !== 0))],
  __and__: [two, bitwise('And', (a, b) => a !== 0 && b !== 0)],
  __or__: [two, bitwise('Or', (a, b) => a !== 0 || b !== 0)],
  __xor__: [two, bitwise('Xor', (a, b) => (a !== 0) !== (b !== 0))],
  bitwise_and: [two, bitwise('And', (a, b) => a !== 0 && b !== 0)],
  bitwise_or: [two, bitwise('Or', (a, b) => a !== 0 || b !== 0)],
  __is__: [two, isNone(true)],
  __isnot__: [two, isNone(false)],
  where: ['condition self other', where],
  masked_fill: ['self mask value', maskedFill],
};
