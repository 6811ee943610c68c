import type { Tensor } from '../../network/weights.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { asConfig, type Config } from './keras-config.ts';
import type { KerasLayer } from './keras-layer.ts';

// Keras 1 uses other names for layers and fields, and stores W, U and b of a cell gate by gate, an LSTM's in
// the order i c f o. Keras 2 converts its files in the same way (saving/hdf5_format.py,
// preprocess_weights_for_loading).

export const isKeras1 = (version: string): boolean => /^1(\.|$)/.test(version);

/**
 * Converts a layer of Keras 1 to Keras 2.
 * @throws UnrollError invalid_model for features that Keras 2 does not have
 */
export function toKeras2(layer: KerasLayer): KerasLayer {
  const { className, config, weights } = layer;
  switch (className) {
    case 'Dense':
    case 'TimeDistributedDense':
      return { ...layer, className: 'Dense', config: denseConfig(config) };
    case 'TimeDistributed': {
      const wrapped = asConfig(config['layer']);
      const own = denseConfig(asConfig(wrapped['config']));
      return { ...layer, config: { ...config, layer: { ...wrapped, config: own } } };
    }
    case 'LSTM':
    case 'GRU':
    case 'SimpleRNN':
      return { ...layer, config: cellConfig(config), weights: cellWeights(className, weights) };
    case 'Bidirectional': {
      const wrapped = asConfig(config['layer']);
      const half = weights.length / 2;
      const both = [weights.slice(0, half), weights.slice(half)];
      return {
        ...layer,
        config: { ...config, layer: { ...wrapped, config: cellConfig(asConfig(wrapped['config'])) } },
        weights: both.flatMap((one) => cellWeights(String(wrapped['class_name']), one)),
      };
    }
    case 'Convolution1D':
    case 'AtrousConvolution1D':
      return { ...layer, className: 'Conv1D', config: convolutionConfig(config), weights: flat(weights) };
    case 'MaxPooling1D':
    case 'AveragePooling1D': {
      const { pool_length: size, stride: strides, border_mode: padding } = config;
      return { ...layer, config: { ...config, pool_size: size, strides, padding } };
    }
    case 'UpSampling1D':
      return { ...layer, config: { ...config, size: config['length'] } };
    case 'BatchNormalization':
      if ((config['mode'] ?? 0) !== 0)
        invalidModel(`mode ${quote(config['mode'])}: moments of the input are not supported`);
      return layer;
    case 'Merge':
      return convertMerge(layer);
    default:
      return layer;
  }
}

const denseConfig = (config: Config): Config => ({ ...config, use_bias: config['bias'] ?? true });

const cellConfig = (config: Config): Config => ({
  ...config,
  units: config['output_dim'] ?? config['units'],
  recurrent_activation: config['inner_activation'] ?? 'hard_sigmoid',
});

const convolutionConfig = (config: Config): Config => ({
  ...config,
  filters: config['nb_filter'],
  kernel_size: config['filter_length'],
  strides: config['subsample_length'] ?? 1,
  dilation_rate: config['atrous_rate'] ?? 1,
  padding: config['border_mode'],
  use_bias: config['bias'] ?? true,
});

/** Keras 1's gate index for each gate of Keras 2: LSTM i f c o, GRU z r h. */
const gateOrder: Readonly<Record<string, readonly number[]>> = { LSTM: [0, 2, 1, 3], GRU: [0, 1, 2] };

/**
 * Joins nine or twelve arrays to kernel, recurrent kernel and bias. With `consume_less: gpu` they are three
 * already.
 */
function cellWeights(className: string, weights: readonly Tensor[]): readonly Tensor[] {
  const order = gateOrder[className];
  if (!order || weights.length !== 3 * order.length) return weights;
  return [0, 1, 2].map((part) => concatenateColumns(order.map((gate) => weights[3 * gate + part]!)));
}

/** Concatenates matrices [rows, columns] to [rows, Σ columns], or vectors. */
function concatenateColumns(tensors: readonly Tensor[]): Tensor {
  const [{ shape }] = tensors as [Tensor];
  if (tensors.some((one) => one.shape.join() !== shape.join()) || shape.length > 2)
    return invalidModel(
      `its gates have arrays of [${tensors.map((one) => one.shape.join(', ')).join('], [')}]`,
    );
  const columns = shape.at(-1) ?? 0;
  const rows = shape.length === 2 ? shape[0]! : 1;
  const width = columns * tensors.length;
  const values = new Float32Array(rows * width);
  tensors.forEach((one, at) => {
    for (let row = 0; row < rows; row++)
      values.set(one.values.subarray(row * columns, (row + 1) * columns), row * width + at * columns);
  });
  return { shape: shape.length === 2 ? [rows, width] : [width], values };
}

/** A kernel [length, 1, in, out] → [length, in, out]. Before 1.2 it was [out, in, length, 1]. */
function flat([kernel, ...rest]: readonly Tensor[]): readonly Tensor[] {
  if (!kernel) return [];
  const { shape, values } = kernel;
  const [length, one, inner, units] = shape as [number, number, number, number];
  if (shape.length !== 4 || one !== 1) return invalidModel(`a kernel of [${shape.join(', ')}]`);
  return [{ shape: [length, inner, units], values }, ...rest];
}

function convertMerge(layer: KerasLayer): KerasLayer {
  const { mode, concat_axis: axis, layers } = layer.config;
  // the form for the first layer of a Sequential
  if (layers !== undefined) invalidModel('merges separate models, which is not supported');
  const className = new Map([
    ['concat', 'Concatenate'],
    ['sum', 'Add'],
    ['mul', 'Multiply'],
  ]).get(String(mode));
  return className
    ? { ...layer, className, config: { ...layer.config, axis } }
    : invalidModel(`mode ${quote(mode)}, must be "concat", "sum" or "mul"`);
}
