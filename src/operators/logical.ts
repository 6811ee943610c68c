import { broadcastShapes, broadcastStrides, createOperand, stridedIndexes } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { binaryOperator, unaryOperator } from './element-wise.ts';
import { requireInputs } from './shape.ts';

// Comparisons, logic and selection, element by element. Truth values are 0 and 1.

const comparison = (f: (a: number, b: number) => boolean): OperatorImplementation =>
  binaryOperator(() => (a, b) => (f(a, b) ? 1 : 0), 'bool');

const where: OperatorImplementation = (_, inputs, context) => {
  const [condition, a, b] = requireInputs(inputs, 3);
  const shape = broadcastShapes(broadcastShapes(condition!.shape, a!.shape), b!.shape);
  const y = createOperand(context, a!.kind, shape, condition!.known && a!.known && b!.known);
  const [c, x, z] = [condition!, a!, b!].map((input) =>
    stridedIndexes(shape, broadcastStrides(input.shape, shape)),
  );
  const [chosen, ifTrue, ifFalse] = [condition!.values, a!.values, b!.values];
  return {
    outputs: [y],
    run: () => {
      for (let i = 0; i < y.values.length; i++)
        y.values[i] = chosen[c![i]!] ? ifTrue[x![i]!]! : ifFalse[z![i]!]!;
    },
  };
};

export const logicalOperators: Readonly<Record<string, OperatorImplementation>> = {
  And: comparison((a, b) => a !== 0 && b !== 0),
  Or: comparison((a, b) => a !== 0 || b !== 0),
  Xor: comparison((a, b) => (a !== 0) !== (b !== 0)),
  Equal: comparison((a, b) => a === b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Not: unaryOperator(() => (x) => (x === 0 ? 1 : 0), 'bool'),
  IsNaN: unaryOperator(() => (x) => (Number.isNaN(x) ? 1 : 0), 'bool'),
  IsInf: unaryOperator((operator) => {
    const [low, high] = ['detect_negative', 'detect_positive'].map(
      (name) => numberAttribute(operator, name, 1) !== 0,
    );
    return (x) => ((x === Infinity && high) || (x === -Infinity && low) ? 1 : 0);
  }, 'bool'),
  Where: where,
};
