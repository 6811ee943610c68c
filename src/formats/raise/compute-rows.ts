import type { Tensor } from '../../network/weights.ts';
import { broadcastStrides, elementCount, normaliseAxis, stridedIndexes } from '../../operators/operand.ts';
import { numberAttribute, numberListAttribute } from '../../operators/operator.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
import { invalidModel } from '../format-errors.ts';
import { affine, dense } from './affine.ts';
import { convolution } from './raise-convolution.ts';
import type { Rows } from './layer-draft.ts';
import { integers, requireRows, type Raise, type RaiseContext } from './raise-context.ts';

// Operators that compute on each row, or over all steps: they become layers.

/** A constant as the columns of a value's rows. @throws UnrollError invalid_model where it differs between steps */
function toColumns(name: string, getRows: string, { constant, sized }: RaiseContext): Float32Array {
  const { shape, values } = constant(name, 'the other operand');
  const { operands, time } = sized(getRows);
  const wide = operands[0].shape.map((size, axis) => (axis === time ? 1 : size));
  const fits = shape.every((size, i) => size === 1 || size === wide[i + wide.length - shape.length]);
  if (!fits || shape.length > wide.length)
    invalidModel(`a constant of [${shape.join(', ')}] differs between steps`);
  return Float32Array.from(stridedIndexes(wide, broadcastStrides(shape, wide)), (i) => values[i]!);
}

/** Combines the rows of several layers, number by number. */
function combine(
  operator: string,
  inputs: readonly string[],
  name: string,
  rows: readonly Rows[],
  context: RaiseContext,
): Rows {
  const { draft, sized } = context;
  if (new Set(inputs.map((one) => sized(one).operands[0].shape.join())).size > 1)
    invalidModel('it combines rows of different shapes');
  const merge = { Add: 'sum', Mul: 'mul', Mean: 'ave' }[operator];
  const joined = merge && joinDirections(rows, merge, context);
  if (joined) return joined;
  const type = operator === 'Add' ? 'add' : operator === 'Mul' ? 'multiply' : null;
  if (type === null) return invalidModel('of several sequences only Add and Mul are supported');
  return {
    layer: draft.add(
      name,
      { type },
      rows.map((one) => draft.resolveRows(one)),
    ),
    end: null,
  };
}

function joinDirections(
  rows: readonly Rows[],
  merge: string,
  { draft, hasSingleReader }: RaiseContext,
): Rows | null {
  const [forward, backward] = rows;
  if (!forward || !backward || rows.length > 2 || !rows.every(({ layer }) => hasSingleReader(layer)))
    return null;
  return draft.joinDirections(forward, backward, merge);
}

const arithmetic =
  (toScale: (k: Float32Array) => Float32Array, toShift: (k: Float32Array) => Float32Array): Raise =>
  ({ operator, inputs, outputs }, context) => {
    const [a = '', b = ''] = inputs;
    const all = inputs.flatMap((name) => context.findRows(name) ?? []);
    if (all.length === inputs.length) return [combine(operator, inputs, outputs[0]!, all, context)];
    if (inputs.length > 2) return invalidModel('of several inputs, all must be outputs of layers');
    const x = context.findRows(a);
    if (!x && operator === 'Div') return invalidModel('a constant divided by a sequence is not supported');
    const [rows, of, other] = x ? [x, a, b] : [requireRows(context, b), b, a];
    const vector = toColumns(other, of, context);
    if (context.sized(outputs[0]!).width !== vector.length) invalidModel('a constant makes its rows wider');
    const own =
      !x && operator === 'Sub'
        ? { scale: ones(vector).fill(-1), shift: vector }
        : { scale: toScale(vector), shift: toShift(vector) };
    return [affine(outputs[0]!, rows, own, context)];
  };
const ones = (of: Float32Array): Float32Array => new Float32Array(of.length).fill(1);
const zerosLike = (of: Float32Array): Float32Array => new Float32Array(of.length);

const negative: Raise = ({ inputs, outputs }, context) => {
  const x = requireRows(context, inputs[0]);
  const shift = new Float32Array(context.sized(inputs[0]!).width);
  return [affine(outputs[0]!, x, { scale: ones(shift).fill(-1), shift }, context)];
};

/** (x − mean) · scale / √(variance + ε) + shift, where a row is all channels. x [batch, channels, …] */
const batchNormalization: Raise = (operator, context) => {
  const [from = '', ...names] = operator.inputs;
  const x = requireRows(context, from);
  const [scale, bias, mean, variance] = names.map(
    (name, i) => context.constant(name, ['scale', 'B', 'the mean', 'the variance'][i]!).values,
  );
  const { operands, time, width } = context.sized(from);
  if (time === 1 || operands[0].shape[1] !== width || mean?.length !== width)
    return invalidModel('its channels are not the columns of a row');
  const epsilon = numberAttribute(operator, 'epsilon', 1e-5);
  const factor = variance!.map((value, k) => scale![k]! / Math.sqrt(value + epsilon));
  const name = operator.outputs[0]!;
  const centred = affine(name, x, { scale: ones(mean), shift: mean.map((value) => -value) }, context);
  return [affine(name, centred, { scale: factor, shift: bias! }, context)];
};

/** Requires that an operator's axes are a whole row. */
function requireWholeRow(operator: OperatorSpec, context: RaiseContext, toEnd: boolean): number {
  const { operands, time, width } = context.sized(operator.inputs[0]!);
  const { shape } = operands[0];
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), shape.length);
  const covered = shape.map((_, i) => i).filter((i) => (toEnd ? i >= axis : i === axis));
  if (covered.includes(time ?? -1) || elementCount(covered.map((i) => shape[i]!)) !== width)
    invalidModel('its axis is not a whole row');
  return width;
}

/** Activations of a row as a whole. */
const overRow: ReadonlySet<string> = new Set(['softmax', 'log_softmax']);

const activation =
  (name: string): Raise =>
  (operator, context) => {
    const x = requireRows(context, operator.inputs[0]);
    if (overRow.has(name)) requireWholeRow(operator, context, numberAttribute(operator, 'flat', 0) === 1);
    const { width } = context.sized(operator.inputs[0]!);
    const shift = new Float32Array(width);
    return [affine(operator.outputs[0]!, x, { scale: ones(shift), shift }, context, name)];
  };

/** The logarithm of a softmax that nothing else reads. */
const logarithm: Raise = ({ inputs }, context) => {
  const x = requireRows(context, inputs[0]);
  const before = context.draft.layer(x.layer);
  if (before['activation'] !== 'softmax' || x.end !== null || x.affine || !context.hasSingleReader(x.layer))
    return invalidModel('only the logarithm of a softmax is supported');
  before['activation'] = 'log_softmax';
  return [x];
};

const pool =
  (mode: 'mean' | 'max'): Raise =>
  (operator, context) => {
    const [from = '', axes = ''] = operator.inputs;
    const x = requireRows(context, from);
    const { operands, time } = context.sized(from);
    const { shape } = operands[0];
    const given = numberListAttribute(operator, 'axes') ?? (axes ? integers(context, axes)[0] : []);
    const on = given.map((axis) => normaliseAxis(axis, shape.length)).filter((axis) => shape[axis] !== 1);
    if (on.length !== 1 || on[0] !== time) invalidModel('only pooling over time is supported');
    const { draft } = context;
    return [
      { layer: draft.add(operator.outputs[0]!, { type: 'pool', mode }, [draft.resolveRows(x)]), end: null },
    ];
  };

/** [rows, columns] → [columns, rows] */
function transposed({ shape, values }: Tensor): Tensor {
  const [rows = 0, columns = 0] = shape;
  return {
    shape: [columns, rows],
    values: Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!),
  };
}

/** A matrix that multiplies whole rows. @param turned as [units, width] already */
function product(operator: OperatorSpec, context: RaiseContext, turned: boolean): [Rows, Tensor] {
  const [a, b] = operator.inputs;
  const x = requireRows(context, a);
  const given = context.constant(b, 'the matrix');
  const weight = turned ? given : transposed(given);
  if (given.shape.length !== 2 || weight.shape[1] !== context.sized(a!).width)
    invalidModel(`a matrix of [${given.shape.join(', ')}] for ${context.sized(a!).width} columns`);
  return [x, weight];
}

export const computingOperators: Readonly<Record<string, Raise>> = {
  MatMul(operator, context) {
    const [x, weight] = product(operator, context, false);
    return [dense(operator.outputs[0]!, x, weight, null, context)];
  },
  Gemm(operator, context) {
    if (
      numberAttribute(operator, 'transA', 0) !== 0 ||
      ['alpha', 'beta'].some((name) => numberAttribute(operator, name, 1) !== 1)
    )
      invalidModel('transA, alpha and beta must have their defaults');
    const [x, weight] = product(operator, context, numberAttribute(operator, 'transB', 0) !== 0);
    const [added] = [operator.inputs[2]];
    const bias = added ? toColumns(added, operator.outputs[0]!, context) : null;
    return [dense(operator.outputs[0]!, x, weight, bias, context)];
  },
  Add: arithmetic(ones, (k) => k),
  Sub: arithmetic(ones, (k) => k.map((one) => -one)),
  Mul: arithmetic((k) => k, zerosLike),
  Div: arithmetic((k) => k.map((one) => 1 / one), zerosLike),
  Mean: ({ operator, inputs, outputs }, context) => [
    combine(
      operator,
      inputs,
      outputs[0]!,
      inputs.map((name) => requireRows(context, name)),
      context,
    ),
  ],
  Neg: negative,
  BatchNormalization: batchNormalization,
  Conv: convolution,
  Relu: activation('relu'),
  Tanh: activation('tanh'),
  Sigmoid: activation('sigmoid'),
  Softmax: activation('softmax'),
  LogSoftmax: activation('log_softmax'),
  Log: logarithm,
  LayerNormalization(operator, context) {
    const [value = '', scale = '', shift] = operator.inputs;
    const { draft } = context;
    const width = requireWholeRow(operator, context, true);
    const layer = draft.add(
      operator.outputs[0]!,
      { type: 'layer_norm', epsilon: numberAttribute(operator, 'epsilon', 1e-5) },
      [draft.resolveRows(requireRows(context, value))],
      [
        ['weight', { shape: [width], values: toColumns(scale, value, context) }],
        [
          'bias',
          { shape: [width], values: shift ? toColumns(shift, value, context) : new Float32Array(width) },
        ],
      ],
    );
    return [{ layer, end: null }];
  },
  ReduceMean: pool('mean'),
  ReduceMax: pool('max'),
  Concat(operator, context) {
    const { draft, sized } = context;
    const rows = operator.inputs.map((name) => requireRows(context, name));
    const { operands, time } = sized(operator.outputs[0]!);
    const { shape } = operands[0];
    const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), shape.length);
    if (axis === time || shape.slice(0, axis).some((size, i) => size !== 1 && i !== time))
      invalidModel('it does not join whole rows side by side');
    const joined = joinDirections(rows, 'concat', context);
    if (joined) return [joined];
    const layer = draft.add(
      operator.outputs[0]!,
      { type: 'concat' },
      rows.map((one) => draft.resolveRows(one)),
    );
    return [{ layer, end: null }];
  },
};
