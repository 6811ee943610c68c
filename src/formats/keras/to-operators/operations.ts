import { invalidModel, quote } from '../../format-errors.ts';
import { asConfig, asList } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { getItem } from './get-item.ts';
import { withValue, formatShape, resolveAxis, type GraphBuilder, type GraphTensor } from './graph-builder.ts';
import { concatenate } from './merges.ts';
import { permute, reshape } from './shapes.ts';

// Functions of keras.ops in a functional model of Keras 3: arithmetic with numbers, slices, reductions. They are
// named as layers are, broadcast as numpy does, and pass no mask on.

type Operation = (layer: KerasLayer, reads: readonly GraphTensor[], graph: GraphBuilder) => GraphTensor;

const unary =
  (operator: string): Operation =>
  (_, reads, graph) => {
    const x = requireOne(reads);
    return withValue(x, graph.add(operator, [x.value]));
  };

/** Two tensors of as many axes, or a tensor and a number on either side. */
const binary =
  (operator: string): Operation =>
  ({ options }, reads, graph) => {
    const args = asList(asConfig(options)['args']);
    const [x, other] = reads;
    if (x && other) {
      const sizes = [x, other].map(({ shape }) => shape);
      if (reads.length > 2 || sizes[0]!.join() !== sizes[1]!.join())
        invalidModel(`combines ${sizes.map(formatShape).join(' and ')}, must have one shape`);
      return withValue(x, graph.add(operator, [x.value, other.value]));
    }
    const number = args.find((one) => typeof one === 'number');
    if (!x || number === undefined || args.length !== 2)
      return invalidModel(`combines ${quote(args)}, must be tensors or a tensor and a number`);
    const operands = args.map((one) => (one === number ? graph.number(number) : x.value));
    return withValue(x, graph.add(operator, operands));
  };

const reduction =
  (operator: string): Operation =>
  ({ config }, reads, graph) => {
    const x = requireOne(reads);
    const listed = Array.isArray(config['axis']) ? (config['axis'] as unknown[]) : [config['axis']];
    const axes = listed.map((axis) => resolveAxis(x, axis));
    const keeps = config['keepdims'] === true;
    const shape = x.shape.flatMap((size, i) => (axes.includes(i) ? (keeps ? [1] : []) : [size]));
    const attributes = { axes: axes.map((axis) => axis + 1), keepdims: Number(keeps) };
    return { value: graph.add(operator, [x.value], attributes), shape };
  };

const softmax =
  (operator: string): Operation =>
  ({ config }, reads, graph) => {
    const x = requireOne(reads);
    return withValue(x, graph.add(operator, [x.value], { axis: resolveAxis(x, config['axis'] ?? -1) + 1 }));
  };

const operations: Readonly<Record<string, Operation>> = {
  Absolute: unary('Abs'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Negative: unary('Neg'),
  Relu: unary('Relu'),
  Sigmoid: unary('Sigmoid'),
  Sqrt: unary('Sqrt'),
  Tanh: unary('Tanh'),
  Square: (_, reads, graph) => {
    const x = requireOne(reads);
    return withValue(x, graph.add('Mul', [x.value, x.value]));
  },
  Add: binary('Add'),
  Divide: binary('Div'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Multiply: binary('Mul'),
  Power: binary('Pow'),
  Subtract: binary('Sub'),
  TrueDivide: binary('Div'),
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Sum: reduction('ReduceSum'),
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
  Concatenate: concatenate,
  GetItem: (layer, reads, graph) => getItem(layer, requireOne(reads), graph),
  ExpandDims: ({ config }, reads, graph) => {
    const x = requireOne(reads);
    const shape = [...x.shape, 1];
    const axis = resolveAxis({ value: '', shape }, config['axis']);
    return {
      value: graph.add('Unsqueeze', [x.value], { axes: [axis + 1] }),
      shape: x.shape.toSpliced(axis, 0, 1),
    };
  },
  Squeeze: ({ config }, reads, graph) => {
    const x = requireOne(reads);
    const axis = resolveAxis(x, config['axis']);
    if (x.shape[axis] !== 1) invalidModel(`axis ${axis + 1} of ${formatShape(x.shape)}, must have size 1`);
    return {
      value: graph.add('Squeeze', [x.value], { axes: [axis + 1] }),
      shape: x.shape.toSpliced(axis, 1),
    };
  },
  Transpose: (layer, reads, graph) => {
    const [batch, ...dims] = asList(layer.config['axes']);
    if (batch !== 0) invalidModel(`axes ${quote(layer.config['axes'])} move the batch`);
    return permute({ ...layer, config: { dims } }, requireOne(reads), graph);
  },
  Reshape: (layer, reads, graph) => {
    const [batch, ...sizes] = asList(layer.config['newshape']);
    if (batch !== -1) invalidModel(`newshape ${quote(layer.config['newshape'])}, must begin with -1`);
    return reshape({ ...layer, config: { target_shape: sizes } }, requireOne(reads), graph);
  },
};

const requireOne = (reads: readonly GraphTensor[]): GraphTensor =>
  reads.length === 1 ? reads[0]! : invalidModel(`has ${reads.length} inputs, must have one`);

/** Emits an operation of keras.ops. @throws UnrollError invalid_model for what is not supported */
export function operation(
  layer: KerasLayer,
  reads: readonly GraphTensor[],
  graph: GraphBuilder,
): GraphTensor {
  const { className } = layer;
  if (!Object.hasOwn(operations, className)) return invalidModel('the operation is not supported');
  if (reads.some(({ isBoolean, input }) => isBoolean || (input && !input.datatype.startsWith('FP'))))
    invalidModel('reads integers or booleans, must be floats');
  const { value, shape } = operations[className]!(layer, reads, graph);
  return { value, shape };
}
