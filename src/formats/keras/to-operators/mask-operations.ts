import { invalidModel, quote } from '../../format-errors.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { resolveAxis, type GraphBuilder, type GraphTensor } from './graph-builder.ts';
import { emitAny, emitNotEqual } from './masks.ts';

// Operations that compute masks. In a functional model of Keras 3 they are among the layers.

type MaskOperation = (
  layer: KerasLayer,
  reads: readonly [GraphTensor, ...GraphTensor[]],
  graph: GraphBuilder,
) => { value: string; shape: GraphTensor['shape'] };

const operations: Readonly<Record<string, MaskOperation>> = {
  NotEqual: ({ options }, [x, other], graph) => {
    const value = (options?.['args'] as readonly unknown[] | undefined)?.[1];
    if (other || typeof value !== 'number')
      return invalidModel(`compares with ${quote(value)}, must be a number`);
    return { value: emitNotEqual(x, value, graph), shape: x.shape };
  },
  Any: reduce('ReduceMax'),
  All: reduce('ReduceMin'),
  LogicalAnd: combine('And'),
  LogicalOr: combine('Or'),
  LogicalNot: (_, [x], graph) => ({ value: graph.add('Not', [x.value]), shape: x.shape }),
};

export const isMaskOperation = (className: string): boolean => Object.hasOwn(operations, className);

/** Emits an operation. @throws UnrollError invalid_model for inputs or arguments of another kind */
export function maskOperation(
  layer: KerasLayer,
  reads: readonly GraphTensor[],
  graph: GraphBuilder,
): GraphTensor {
  const isComparison = layer.className === 'NotEqual';
  if (reads.some(({ isBoolean = false }) => isBoolean === isComparison))
    invalidModel('reads what is not a mask');
  const [first, ...rest] = reads as [GraphTensor, ...GraphTensor[]];
  return { ...operations[layer.className]!(layer, [first, ...rest], graph), isBoolean: true };
}

function reduce(reduction: 'ReduceMax' | 'ReduceMin'): MaskOperation {
  return ({ config }, [x], graph) => {
    if (config['keepdims'] === true) invalidModel('keepdims true is not supported');
    const axis = resolveAxis(x, config['axis']);
    return { value: emitAny(x.value, axis + 1, graph, reduction), shape: x.shape.toSpliced(axis, 1) };
  };
}

function combine(operator: 'And' | 'Or'): MaskOperation {
  return (_, [x, other], graph) => {
    if (other?.shape.length !== x.shape.length) return invalidModel('combines masks of different axes');
    return { value: graph.add(operator, [x.value, other.value]), shape: x.shape };
  };
}
