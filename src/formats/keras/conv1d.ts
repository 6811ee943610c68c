import { invalidModel, quote } from '../format-errors.ts';
import { parseActivation } from './activation.ts';
import { requireWeights, toUnitsFirst, zeros, type ConvertedLayers, type LayerInput } from './converted.ts';
import type { Config } from './keras-config.ts';
import type { KerasLayer } from './keras-layer.ts';

// Keras: kernel [kernel, in, filters], bias [filters].

/**
 * Converts a Conv1D.
 * @throws UnrollError invalid_model when the output has fewer steps than the input, among others
 */
export function convertConv1d(layer: KerasLayer, { width, sequence }: LayerInput): ConvertedLayers {
  const { name, config } = layer;
  if (!sequence) invalidModel('needs a sequence, its input is a single row');
  const [tensor, bias] = requireWeights(layer, config['use_bias'] === false ? 1 : 2);
  const kernel = readSingleSize(config, 'kernel_size');
  const dilation = readSingleSize(config, 'dilation_rate');
  const units = Number(config['filters']);
  if (readSingleSize(config, 'strides') !== 1) invalidModel(`strides ${quote(config['strides'])}, must be 1`);
  const padding = config['padding'] ?? 'valid';
  if (padding !== 'causal' && padding !== 'same')
    invalidModel(`padding ${quote(padding)}, must be "causal" or "same"`);
  if ((config['groups'] ?? 1) !== 1) invalidModel(`groups ${quote(config['groups'])}, must be 1`);
  if ((config['data_format'] ?? 'channels_last') !== 'channels_last')
    invalidModel(`data_format ${quote(config['data_format'])}, must be "channels_last"`);
  const activation = parseActivation(config['activation'], ['linear', 'relu', 'tanh', 'sigmoid']);
  if (tensor!.shape.join() !== [kernel, width, units].join())
    invalidModel(`a kernel of [${tensor!.shape.join(', ')}], must be [${kernel}, ${width}, ${units}]`);
  return {
    layers: [
      {
        name,
        layer: { type: 'conv1d', units, kernel, dilation, padding, activation },
        tensors: [
          ['weight', toUnitsFirst(tensor!)],
          ['bias', bias ?? zeros(units)],
        ],
      },
    ],
    width: units,
    sequence: true,
    notes: [],
  };
}

/** Reads a size of a one-dimensional layer: 3 or [3]. @throws UnrollError invalid_model */
export function readSingleSize(config: Config, field: string, fallback = 1): number {
  const value = config[field] ?? fallback;
  const size: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return Number.isSafeInteger(size)
    ? (size as number)
    : invalidModel(`${field} ${quote(value)}, must be one whole number`);
}
