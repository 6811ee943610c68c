import type { Tensor } from '../../../network/weights.ts';
import { invalidModel } from '../../format-errors.ts';
import { requireWeights } from '../weight-layout.ts';
import { asConfig } from '../keras-config.ts';
import { requireField } from '../require-field.ts';
import { findCellByClass } from '../recurrent.ts';
import { applyActivation, emitActivationLayer, isActivationLayer } from './activations.ts';
import { attention, multiHeadAttention } from './attention.ts';
import { convLstm, isConvLstm } from './conv-lstm.ts';
import { castMask, elementTypes, emitIdMask, emitMaskedScores, masking, passesMask } from './masks.ts';
import { isMaskOperation, maskOperation } from './mask-operations.ts';
import { foldSteps, unfoldSteps } from './time-distributed.ts';
import {
  useStepMask,
  replaceWidth,
  withValue,
  requireSequence,
  formatShape,
  type GraphBuilder,
  type GraphTensor,
} from './graph-builder.ts';
import { arithmetic, concatenate, dot, isArithmetic } from './merges.ts';
import {
  batchNormalization,
  groupNormalization,
  layerNormalization,
  normalization,
  rescaling,
  unitNormalization,
} from './norms.ts';
import { einsumDense } from './einsum-dense.ts';
import { operation } from './operations.ts';
import { bidirectional, recurrent } from './recurrent.ts';
import {
  cropping1d,
  flatten,
  permute,
  repeatVector,
  reshape,
  upSampling1d,
  zeroPadding1d,
} from './shapes.ts';
import {
  convolution,
  convolutionTranspose,
  depthwiseConvolution,
  pooling,
  requireShape,
  separableConvolution,
} from './windows.ts';
import type { KerasLayer } from '../keras-layer.ts';

type Emit = (layer: KerasLayer, x: GraphTensor, graph: GraphBuilder) => GraphTensor;

const unchanged: Emit = (_, x) => x;

/** Layers with one input and one output. */
const emitters: Readonly<Record<string, Emit>> = {
  Embedding: embedding,
  Dense: dense,
  EinsumDense: einsumDense,
  Activation: ({ config }, x, graph) => applyActivation(config['activation'], x, graph),
  PReLU: prelu,
  Conv1D: convolution,
  Conv2D: convolution,
  Conv1DTranspose: convolutionTranspose,
  Conv2DTranspose: convolutionTranspose,
  DepthwiseConv1D: depthwiseConvolution,
  DepthwiseConv2D: depthwiseConvolution,
  SeparableConv1D: separableConvolution,
  SeparableConv2D: separableConvolution,
  MaxPooling1D: pooling,
  MaxPooling2D: pooling,
  AveragePooling1D: pooling,
  AveragePooling2D: pooling,
  GlobalMaxPooling1D: globalPooling,
  GlobalMaxPooling2D: imagePooling,
  GlobalAveragePooling1D: globalPooling,
  GlobalAveragePooling2D: imagePooling,
  AttentionWeightedAverage: attentionWeightedAverage,
  BatchNormalization: batchNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: layerNormalization,
  Normalization: normalization,
  Rescaling: rescaling,
  UnitNormalization: unitNormalization,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  Cropping1D: cropping1d,
  ZeroPadding1D: zeroPadding1d,
  UpSampling1D: upSampling1d,
  Masking: masking,
  Dropout: unchanged,
  SpatialDropout1D: unchanged,
  SpatialDropout2D: unchanged,
  GaussianNoise: unchanged,
  GaussianDropout: unchanged,
  AlphaDropout: unchanged,
  ActivityRegularization: unchanged,
};

/**
 * Emits the operators of one call of a layer.
 * @returns its outputs
 * @throws UnrollError invalid_model for what is not supported
 */
export function emitLayer(
  layer: KerasLayer,
  reads: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { className } = layer;
  if (layer.isOperation && !isMaskOperation(className)) return [operation(layer, reads, graph)];
  if (className === 'RNN' || findCellByClass(className) !== undefined) return recurrent(layer, reads, graph);
  if (className === 'Bidirectional') return bidirectional(layer, reads, graph);
  if (isArithmetic(className)) return [arithmetic(className, reads, graph)];
  if (className === 'Concatenate') return [concatenate(layer, reads, graph)];
  if (className === 'Dot') return [dot(layer, reads, graph)];
  if (className === 'Attention' || className === 'AdditiveAttention') return attention(layer, reads, graph);
  if (className === 'MultiHeadAttention') return multiHeadAttention(layer, reads, graph);
  if (isConvLstm(className)) return convLstm(layer, reads, graph);
  if (isMaskOperation(className)) return [maskOperation(layer, reads, graph)];
  if (className === 'Lambda')
    return invalidModel('a Lambda is Python code, which is not read: replace it by layers');
  const [x] = reads;
  const hasEmitter = Object.hasOwn(emitters, className);
  const isSupported = hasEmitter || isActivationLayer(className) || className === 'TimeDistributed';
  if (!isSupported) return invalidModel('the layer is not supported');
  if (reads.length !== 1) invalidModel(`has ${reads.length} inputs, must have one`);
  if (className === 'TimeDistributed') return timeDistributed(layer, x!, graph);
  const y = hasEmitter
    ? emitters[className]!(layer, x!, graph)
    : emitActivationLayer(className, layer.config, x!, graph);
  return [passesMask(className) ? { ...y, mask: x!.mask ?? null } : y];
}

/** Emits a layer that is applied to every step: over a batch of all steps, unless it reads only the last axis. */
function timeDistributed(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): readonly GraphTensor[] {
  const { class_name: kind, config } = asConfig(layer.config['layer']);
  const inner = { ...layer, className: String(kind), config: asConfig(config) };
  if (x.shape.length < 2) invalidModel('needs a sequence, its input is a single row');
  if (inner.className === 'Dense' || inner.className === 'Activation') return emitLayer(inner, [x], graph);
  return unfoldSteps(x, emitLayer(inner, [foldSteps(x, graph)], graph), graph);
}

/** table [vocabulary, units] */
function embedding(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const [table] = requireWeights(layer, 1);
  const [vocabulary = 0, units = 0] = table!.shape;
  if (x.input === undefined)
    return invalidModel(`needs ids from the model’s input, its input is ${formatShape(x.shape)}`);
  if (table!.shape.length !== 2) invalidModel(`a table of [${table!.shape.join(', ')}]`);
  graph.lookUp(x.input.name, vocabulary);
  const isFloat = x.input.datatype.startsWith('FP');
  const ids = isFloat ? graph.add('Cast', [x.value], { to: elementTypes.int64 }) : x.value;
  return {
    value: graph.add('Gather', [graph.constant(table!), ids], { axis: 0 }),
    shape: [...x.shape, units],
    mask: layer.config['mask_zero'] === true ? emitIdMask(x, graph) : null,
  };
}

/** kernel [in, units], bias [units] */
function dense(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, config['use_bias'] === false ? 1 : 2);
  const width =
    x.shape.at(-1) ?? invalidModel(`its input is ${formatShape(x.shape)}: the width must be known`);
  const units = kernel!.shape[1] ?? NaN;
  requireShape(kernel!, [width, units]);
  if (bias) requireShape(bias, [units]);
  const product = graph.add('MatMul', [x.value, graph.constant(kernel!)]);
  const value = bias ? graph.add('Add', [product, graph.constant(bias)]) : product;
  return applyActivation(config['activation'], { value, shape: replaceWidth(x.shape, units) }, graph);
}

/** One slope per element, or shared along some axes. */
function prelu(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const [{ shape, values }] = requireWeights(layer, 1) as [Tensor];
  if (shape.length !== x.shape.length || shape.some((size, i) => size !== 1 && size !== x.shape[i]))
    invalidModel(`slopes of [${shape.join(', ')}] for ${formatShape(x.shape)}`);
  return withValue(x, graph.add('PRelu', [x.value, graph.constant({ shape: [1, ...shape], values })]));
}

function globalPooling({ className, config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  requireField(config, 'data_format', ['channels_last']);
  const { width } = requireSequence(x);
  const keeps = config['keepdims'] === true;
  const reduce = (operator: string, value: string): string =>
    graph.add(operator, [value], { axes: [1], keepdims: Number(keeps) });
  const shape = keeps ? [1, width] : [width];
  // Keras' maximum is over masked steps, too
  if (className.includes('Max')) return { value: reduce('ReduceMax', x.value), shape };
  const mask = useStepMask(x, graph);
  if (mask === null) return { value: reduce('ReduceMean', x.value), shape };
  const kept = graph.add('Unsqueeze', [castMask(mask, graph)], { axes: [2] });
  const sum = reduce('ReduceSum', graph.add('Mul', [x.value, kept]));
  return { value: graph.add('Div', [sum, reduce('ReduceSum', kept)]), shape };
}

/** One value per channel of an image. */
function imagePooling({ className, config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  requireField(config, 'data_format', ['channels_last']);
  requireField(config, 'keepdims', [false]);
  if (x.shape.length !== 3) invalidModel(`needs images, its input is ${formatShape(x.shape)}`);
  const operator = className.includes('Max') ? 'ReduceMax' : 'ReduceMean';
  return { value: graph.add(operator, [x.value], { axes: [1, 2], keepdims: 0 }), shape: [x.shape[2]!] };
}

/** DeepMoji and textgenrnn: softmax over time of x·W. W [in, 1] */
function attentionWeightedAverage(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  requireField(layer.config, 'return_attention', [false]);
  const { width } = requireSequence(x);
  const [w] = requireWeights(layer, 1);
  requireShape(w!, [width, 1]);
  const scores = graph.add('MatMul', [x.value, graph.constant(w!)]);
  const mask = useStepMask(x, graph);
  const weights = graph.add('Softmax', [mask === null ? scores : emitMaskedScores(scores, mask, graph)], {
    axis: 1,
  });
  const weighted = graph.add('Mul', [x.value, weights]);
  return { value: graph.add('ReduceSum', [weighted], { axes: [1], keepdims: 0 }), shape: [width] };
}
