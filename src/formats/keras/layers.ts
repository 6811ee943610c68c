import type { Tensor } from '../../network/weights.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { asConfig } from './keras-config.ts';
import { requireWeights, transpose, zeros, type ConvertedLayers, type LayerInput } from './converted.ts';
import { parseActivation } from './activation.ts';
import { convertConv1d } from './conv1d.ts';
import { requireSupportedFields } from './supported-fields.ts';
import { convertBidirectional, convertRecurrent } from './recurrent.ts';
import type { KerasLayer } from './keras-layer.ts';

/**
 * Converts a layer.
 * @param version of the Keras that wrote the file
 * @throws UnrollError invalid_model for what is not supported
 */
export function convertLayer(
  layer: KerasLayer,
  from: readonly LayerInput[],
  version: string,
): ConvertedLayers {
  const { className, name, config } = layer;
  requireSupportedFields(layer, from);
  const [read] = from as [LayerInput];
  const unchanged = (layers: ConvertedLayers['layers'] = [], notes: string[] = []): ConvertedLayers => ({
    layers,
    width: read.width,
    sequence: read.sequence,
    notes,
  });
  switch (className) {
    case 'Embedding': {
      const [table] = requireWeights(layer, 1);
      const [vocabulary, units] = table!.shape;
      return {
        layers: [{ name, layer: { type: 'embedding', vocabulary, units }, tensors: [['weight', table!]] }],
        width: units!,
        sequence: true,
        notes: [],
      };
    }
    case 'Dense':
      return convertDense(layer, read);
    case 'Conv1D':
      return convertConv1d(layer, read);
    case 'TimeDistributed':
      return convertDense(unwrapDense(layer), read);
    case 'LSTM':
    case 'GRU':
    case 'SimpleRNN':
    case 'CuDNNLSTM':
    case 'CuDNNGRU':
      return convertRecurrent(layer, read, version);
    case 'Bidirectional':
      return convertBidirectional(layer, read, version);
    case 'Dropout':
    case 'SpatialDropout1D':
    case 'GaussianNoise':
    case 'GaussianDropout':
    case 'AlphaDropout':
    case 'ActivityRegularization':
    // masked steps are left out
    case 'Masking':
      return unchanged();
    case 'Activation':
      return convertActivation(name, read, parseActivation(config['activation']));
    case 'Softmax':
      return convertActivation(name, read, 'softmax');
    case 'ReLU':
      return convertActivation(name, read, 'relu');
    case 'LayerNormalization':
      return convertLayerNorm(layer, read);
    case 'BatchNormalization':
      return convertBatchNorm(layer, read);
    case 'GlobalAveragePooling1D':
    case 'GlobalMaxPooling1D': {
      if (!read.sequence) invalidModel('needs a sequence, its input is a single row');
      const mode = className.includes('Max') ? 'max' : 'mean';
      return {
        layers: [{ name, layer: { type: 'pool', mode }, tensors: [] }],
        width: read.width,
        sequence: false,
        notes: [],
      };
    }
    // DeepMoji and textgenrnn: softmax over time of x·W; their ε of 1e-7 added to a sum of at least 1 is
    // below float32's precision
    case 'AttentionWeightedAverage': {
      if (!read.sequence) invalidModel('needs a sequence, its input is a single row');
      const [{ shape, values }] = requireWeights(layer, 1) as [Tensor];
      if (shape.join() !== `${read.width},1`)
        invalidModel(`W of [${shape.join(', ')}], must be [${read.width}, 1]`);
      return {
        layers: [
          {
            name,
            layer: { type: 'pool', mode: 'attention' },
            tensors: [['weight', { shape: [read.width], values }]],
          },
        ],
        width: read.width,
        sequence: false,
        notes: [],
      };
    }
    case 'Concatenate':
    case 'Add':
    case 'Multiply': {
      // a single input: arithmetic with a number from the config
      if (from.length < 2) invalidModel('has one input, must have at least two');
      if (new Set(from.map(({ sequence }) => sequence)).size > 1)
        invalidModel('combines sequences with single rows');
      // Keras broadcasts a single column, these layers do not
      if (className !== 'Concatenate' && new Set(from.map(({ width }) => width)).size > 1)
        invalidModel(
          `combines inputs of ${from.map(({ width }) => width).join(' and ')} columns, must be equal`,
        );
      const type = ({ Add: 'add', Multiply: 'multiply', Concatenate: 'concat' } as const)[className];
      return {
        layers: [{ name, layer: { type }, tensors: [] }],
        width: type === 'concat' ? from.reduce((sum, one) => sum + one.width, 0) : read.width,
        sequence: read.sequence,
        notes: [],
      };
    }
    case 'RepeatVector':
      return invalidModel(
        'repeats one row as the steps of another sequence: describe an encoder and decoder in model.json',
      );
    default:
      return invalidModel('the layer is not supported');
  }
}

function unwrapDense(layer: KerasLayer): KerasLayer {
  const wrapped = layer.config['layer'] as { class_name?: unknown; config?: unknown } | undefined;
  if (wrapped?.class_name !== 'Dense')
    return invalidModel(`wraps ${quote(wrapped?.class_name)}, must be Dense`);
  return { ...layer, className: 'Dense', config: asConfig(wrapped.config) };
}

function convertDense(layer: KerasLayer, { sequence, width: read }: LayerInput): ConvertedLayers {
  const biased = layer.config['use_bias'] !== false;
  const [kernel, bias] = requireWeights(layer, biased ? 2 : 1);
  const [rows, units] = kernel!.shape as [number, number];
  if (rows !== read) invalidModel(`its kernel has ${rows} rows, its input ${read} columns`);
  const tensors = [
    ['weight', transpose(kernel!)],
    ['bias', bias ?? zeros(units)],
  ] as const;
  const activation = parseActivation(layer.config['activation']);
  return {
    layers: [{ name: layer.name, layer: { type: 'dense', units, activation }, tensors }],
    width: units,
    sequence,
    notes: [],
  };
}

/** Converts an activation layer to a dense layer with an identity matrix. */
function convertActivation(
  name: string,
  { width, sequence }: LayerInput,
  activation: string,
): ConvertedLayers {
  if (activation === 'linear') return { layers: [], width, sequence, notes: [] };
  requireDiagonal(width);
  return {
    layers: [createDiagonal(name, new Float32Array(width).fill(1), new Float32Array(width), activation)],
    width,
    sequence,
    notes: [],
  };
}

/** (x − mean) · γ / √(variance + ε) + β, with the moments of training: x · scale + shift. */
function convertBatchNorm(layer: KerasLayer, { width, sequence }: LayerInput): ConvertedLayers {
  const { config } = layer;
  requireDiagonal(width);
  const [scaled, centred] = [config['scale'] !== false, config['center'] !== false];
  const parts = requireWeights(layer, 2 + Number(scaled) + Number(centred)).map(({ values }) => values);
  const gamma = scaled ? parts.shift()! : new Float32Array(width).fill(1);
  const beta = centred ? parts.shift()! : new Float32Array(width);
  const [mean, variance] = parts as [Float32Array, Float32Array];
  const epsilon = Number(config['epsilon'] ?? 1e-3);
  const scale = gamma.map((g, k) => g / Math.sqrt(variance[k]! + epsilon));
  const shift = beta.map((b, k) => b - mean[k]! * scale[k]!);
  return {
    layers: [createDiagonal(layer.name, scale, shift, 'linear')],
    width,
    sequence,
    notes: ['its moments are folded into a scale and a shift'],
  };
}

function convertLayerNorm(layer: KerasLayer, { width, sequence }: LayerInput): ConvertedLayers {
  const { config } = layer;
  const [scaled, centred] = [config['scale'] !== false, config['center'] !== false];
  const parts = [...requireWeights(layer, Number(scaled) + Number(centred))];
  const weight = scaled ? parts.shift()! : { shape: [width], values: new Float32Array(width).fill(1) };
  const bias = centred ? parts.shift()! : zeros(width);
  const epsilon = Number(config['epsilon'] ?? 1e-3);
  return {
    layers: [
      {
        name: layer.name,
        layer: { type: 'layer_norm', epsilon },
        tensors: [
          ['weight', weight],
          ['bias', bias],
        ],
      },
    ],
    width,
    sequence,
    notes: [],
  };
}

/** Limit on the square matrix of a diagonal layer: wider ones run as operators, which need no matrix. */
const maxDiagonalWidth = 4096;
function requireDiagonal(width: number): void {
  if (width > maxDiagonalWidth)
    invalidModel(`${width} columns as a dense layer, the limit is ${maxDiagonalWidth}`);
}

function createDiagonal(
  name: string,
  scale: Float32Array,
  shift: Float32Array,
  activation: string,
): ConvertedLayers['layers'][number] {
  const width = scale.length;
  const values = new Float32Array(width * width);
  scale.forEach((factor, k) => (values[k * width + k] = factor));
  return {
    name,
    layer: { type: 'dense', units: width, activation },
    tensors: [
      ['weight', { shape: [width, width], values }],
      ['bias', { shape: [width], values: shift }],
    ],
  };
}
