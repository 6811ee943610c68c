import type { Tensor } from '../../network/weights.ts';
import {
  getAxes,
  requireConstant,
  getIntegerAttribute,
  requireFeatureRows,
  shapeValue,
  type OperatorConverter,
  type ConversionContext,
} from './operator-converter.ts';
import type { OnnxNode } from './read-onnx.ts';
import { invalidModel } from '../format-errors.ts';
import { createAxis, type Rows } from './tracked-value.ts';

// Operators that compute on each row, or over time: they become layers.

/** Adds a dense layer, y = W x + b. */
function dense(
  name: string,
  x: Rows,
  weight: Tensor,
  bias: Tensor | null,
  { draft }: ConversionContext,
): Rows {
  const [units = 0, width = 0] = weight.shape;
  if (weight.shape.length !== 2 || (x.width !== 0 && width !== x.width))
    invalidModel(`a matrix of [${weight.shape.join(', ')}] for ${x.width} columns`);
  const zeros = { shape: [units], values: new Float32Array(units) };
  const layer = draft.add(
    name,
    { type: 'dense', units, activation: 'linear' },
    [draft.resolveRows(x)],
    [
      ['weight', weight],
      ['bias', bias ?? zeros],
    ],
  );
  return { ...x, layer, width: units, end: null };
}

/**
 * Applies y = scale · x + shift per column: folded into the preceding dense layer when nothing else uses
 * that, else a new layer.
 */
function affine(
  node: OnnxNode,
  x: Rows,
  scale: Float32Array,
  shift: Float32Array,
  reading: ConversionContext,
): Rows {
  const { draft } = reading;
  const { width } = x;
  const before = draft.layer(x.layer);
  const canFold =
    before['type'] === 'dense' &&
    before['activation'] === 'linear' &&
    reading.hasSingleReader(x.layer) &&
    x.end === null;
  if (canFold) {
    const [weight, bias] = [draft.tensor(`${x.layer}.weight`), draft.tensor(`${x.layer}.bias`)];
    const inner = weight.shape[1]!;
    draft.setTensor(`${x.layer}.weight`, {
      shape: weight.shape,
      values: weight.values.map((value, i) => value * scale[Math.floor(i / inner)]!),
    });
    draft.setTensor(`${x.layer}.bias`, {
      shape: bias.shape,
      values: bias.values.map((value, k) => value * scale[k]! + shift[k]!),
    });
    return x;
  }
  const values = new Float32Array(width * width);
  scale.forEach((factor, k) => (values[k * width + k] = factor));
  return dense(
    node.name || node.op,
    x,
    { shape: [width, width], values },
    { shape: [width], values: shift },
    reading,
  );
}

/** Expands a constant that broadcasts over the columns ([width], [1, width] or one number) to a vector. */
function toColumnVector({ shape: sizes, values }: Tensor, width: number): Float32Array {
  if (values.length === 1) return new Float32Array(width).fill(values[0]!);
  if (values.length !== width || sizes.at(-1) !== width)
    return invalidModel(`a constant of [${sizes.join(', ')}] for ${width} columns`);
  return values;
}

const arithmetic =
  (
    toScale: (k: Float32Array) => Float32Array,
    toShift: (k: Float32Array) => Float32Array,
  ): OperatorConverter =>
  (node, inputs, reading) => {
    const [a, b] = inputs;
    if (inputs.some((one) => one?.kind === 'shape')) return [shapeValue];
    if (a?.kind === 'rows' && b?.kind === 'rows') {
      const type = node.op === 'Add' ? 'add' : node.op === 'Mul' ? 'multiply' : null;
      if (type === null) return invalidModel('of two sequences only Add and Mul are supported');
      const [one, other] = [requireFeatureRows(a), requireFeatureRows(b)];
      if (one.width !== other.width)
        invalidModel(`combines ${one.width} and ${other.width} columns, must be equal`);
      const layer = reading.draft.add(node.name || type, { type }, [
        reading.draft.resolveRows(one),
        reading.draft.resolveRows(other),
      ]);
      return [{ ...one, layer, end: null }];
    }
    const first = a?.kind === 'rows';
    if (!first && (node.op === 'Sub' || node.op === 'Div'))
      return invalidModel('Sub or Div of a constant by a sequence is not supported');
    const x = requireFeatureRows(first ? a : b);
    const vector = toColumnVector(requireConstant(first ? b : a, 'the other operand'), x.width);
    return [affine(node, x, toScale(vector), toShift(vector), reading)];
  };
const ones = (of: Float32Array): Float32Array => new Float32Array(of.length).fill(1);
const zerosLike = (of: Float32Array): Float32Array => new Float32Array(of.length);

const activation =
  (name: string): OperatorConverter =>
  (node, inputs, reading) => {
    const x = requireFeatureRows(inputs[0]);
    if (name === 'softmax') {
      const fallback = reading.opset < 13 ? 1 : -1;
      const on = getIntegerAttribute(node, 'axis', fallback);
      if (on !== -1 && on !== x.axes.length - 1) invalidModel(`softmax over axis ${on}, must be the last`);
    }
    const scaled = affine(node, x, new Float32Array(x.width).fill(1), new Float32Array(x.width), reading);
    reading.draft.layer(scaled.layer)['activation'] = name;
    return [scaled];
  };

const pool =
  (mode: 'mean' | 'max'): OperatorConverter =>
  (node, inputs, { draft }) => {
    const x = requireFeatureRows(inputs[0]);
    const on = getAxes(node, inputs[1], x.axes.length);
    if (on.length !== 1 || x.axes[on[0]!]?.role !== 'time')
      invalidModel('only pooling over time is supported');
    const layer = draft.add(node.name || mode, { type: 'pool', mode }, [draft.resolveRows(x)]);
    const axes =
      getIntegerAttribute(node, 'keepdims', 1) === 1
        ? x.axes.map((one, i) => (i === on[0] ? createAxis('one') : one))
        : x.axes.filter((_, i) => i !== on[0]);
    return [{ ...x, axes, layer, end: null }];
  };

export const layerOperators: Readonly<Record<string, OperatorConverter>> = {
  MatMul(node, [a, b], reading) {
    const x = requireFeatureRows(a);
    const { shape: sizes, values } = requireConstant(b, 'the matrix');
    const [inner = 0, units = 0] = sizes;
    const transposed = Float32Array.from(
      values,
      (_, i) => values[(i % inner) * units + Math.floor(i / inner)]!,
    );
    return [dense(node.name || 'dense', x, { shape: [units, inner], values: transposed }, null, reading)];
  },
  Gemm(node, [a, b, c], reading) {
    const x = requireFeatureRows(a);
    const scale = (name: string): number => node.attributes.get(name)?.f ?? 1;
    if (getIntegerAttribute(node, 'transA', 0) !== 0 || scale('alpha') !== 1 || scale('beta') !== 1)
      invalidModel('transA, alpha and beta must have their defaults');
    const { shape: sizes, values } = requireConstant(b, 'the matrix');
    const [r = 0, k = 0] = sizes;
    const weight =
      getIntegerAttribute(node, 'transB', 0) !== 0
        ? { shape: sizes, values }
        : {
            shape: [k, r],
            values: Float32Array.from(values, (_, i) => values[(i % r) * k + Math.floor(i / r)]!),
          };
    const units = weight.shape[0]!;
    const bias =
      c === undefined
        ? null
        : { shape: [units], values: toColumnVector(requireConstant(c, 'the bias'), units) };
    return [dense(node.name || 'dense', x, weight, bias, reading)];
  },
  Add: arithmetic(ones, (k) => k),
  Sub: arithmetic(ones, (k) => k.map((one) => -one)),
  Mul: arithmetic((k) => k, zerosLike),
  Div: arithmetic((k) => k.map((one) => 1 / one), zerosLike),
  Relu: activation('relu'),
  Tanh: activation('tanh'),
  Sigmoid: activation('sigmoid'),
  Softmax: activation('softmax'),
  LayerNormalization(node, [value, scale, shift], { draft }) {
    const x = requireFeatureRows(value);
    const on = getIntegerAttribute(node, 'axis', -1);
    if (on !== -1 && on !== x.axes.length - 1) invalidModel(`normalises over axis ${on}, must be the last`);
    const weight = { shape: [x.width], values: toColumnVector(requireConstant(scale, 'the scale'), x.width) };
    const bias = {
      shape: [x.width],
      values:
        shift === undefined
          ? new Float32Array(x.width)
          : toColumnVector(requireConstant(shift, 'the shift'), x.width),
    };
    const epsilon = node.attributes.get('epsilon')?.f ?? 1e-5;
    return [
      {
        ...x,
        layer: draft.add(
          node.name || 'norm',
          { type: 'layer_norm', epsilon },
          [draft.resolveRows(x)],
          [
            ['weight', weight],
            ['bias', bias],
          ],
        ),
        end: null,
      },
    ];
  },
  ReduceMean: pool('mean'),
  ReduceMax: pool('max'),
};
