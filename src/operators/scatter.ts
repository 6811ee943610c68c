import { checkIndex } from './gather.ts';
import {
  computeStrides,
  createOperand,
  elementCount,
  invalidOperator,
  normaliseAxis,
  type Operand,
} from './operand.ts';
import { numberAttribute, textAttribute, type OperatorImplementation } from './operator.ts';
import type { OperatorSpec } from './spec.ts';
import { required } from './shape.ts';

// Operators that write by index into a copy of x, in the order of the indices.

const reductions: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

function findReduction(operator: OperatorSpec): (old: number, update: number) => number {
  const name = textAttribute(operator, 'reduction', 'none');
  return Object.hasOwn(reductions, name)
    ? reductions[name]!
    : invalidOperator(`the reduction ${name} is not supported`);
}

const allKnown = (...operands: readonly Operand[]): boolean => operands.every(({ known }) => known);

/** y[…, indices[…, i, …], …] = updates[…, i, …]. indices and updates have one shape, of x's rank */
const scatterElements: OperatorImplementation = (operator, [x, indices, updates], context) => {
  const [from, at, values] = [required(x), required(indices), required(updates)];
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  if (at.shape.join() !== values.shape.join() || at.shape.length !== from.shape.length)
    invalidOperator(`indices of [${at.shape.join(', ')}] for updates of [${values.shape.join(', ')}]`);
  if (from.shape.some((size, i) => i !== axis && size < at.shape[i]!))
    invalidOperator('the indices are larger than the data along another axis');
  const reduce = findReduction(operator);
  const [strides, own] = [computeStrides(from.shape), computeStrides(at.shape)];
  const y = createOperand(context, from.kind, from.shape, allKnown(from, at, values));
  return {
    outputs: [y],
    run: () => {
      y.values.set(from.values);
      at.values.forEach((index, i) => {
        let place = checkIndex(index, from.shape[axis]!) * strides[axis]!;
        for (const [k, size] of at.shape.entries())
          if (k !== axis) place += (Math.floor(i / own[k]!) % size) * strides[k]!;
        y.values[place] = reduce(y.values[place]!, values.values[i]!);
      });
    },
  };
};

/** y[indices[i]] = updates[i]. indices [rows …, depth], updates [rows …, the axes of x behind depth] */
const scatterNd: OperatorImplementation = (operator, [x, indices, updates], context) => {
  const [from, at, values] = [required(x), required(indices), required(updates)];
  const depth = at.shape.at(-1) ?? 0;
  const inner = from.shape.slice(depth);
  const shape = [...at.shape.slice(0, -1), ...inner];
  if (depth > from.shape.length || values.shape.join() !== shape.join())
    invalidOperator(`updates of [${values.shape.join(', ')}], must be [${shape.join(', ')}]`);
  const reduce = findReduction(operator);
  const strides = computeStrides(from.shape);
  const wide = elementCount(inner);
  const y = createOperand(context, from.kind, from.shape, allKnown(from, at, values));
  return {
    outputs: [y],
    run: () => {
      y.values.set(from.values);
      for (let i = 0; i < values.values.length / (wide || 1); i++) {
        let place = 0;
        for (let k = 0; k < depth; k++)
          place += checkIndex(at.values[i * depth + k]!, from.shape[k]!) * strides[k]!;
        for (let k = 0; k < wide; k++)
          y.values[place + k] = reduce(y.values[place + k]!, values.values[i * wide + k]!);
      }
    },
  };
};

export const scatterOperators: Readonly<Record<string, OperatorImplementation>> = {
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
};
