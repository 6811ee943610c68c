import type { Tensor } from '../../network/weights.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { parseActivation } from './activation.ts';
import { requireWeights, zeros, type ConvertedLayers, type LayerInput } from './converted.ts';
import type { Config } from './keras-config.ts';
import type { KerasLayer } from './keras-layer.ts';

// Keras: kernel [kernel, in, filters], bias [filters].

/** @throws UnrollError invalid_model for a convolution that gives fewer steps than it reads, among others */
export function convertConv1d(layer: KerasLayer, { width, sequence }: LayerInput): ConvertedLayers {
  const { name, config } = layer;
  if (!sequence) invalidModel('reads a sequence, and is given one row');
  const [tensor, bias] = requireWeights(layer, config['use_bias'] === false ? 1 : 2);
  const kernel = readSingleSize(config, 'kernel_size');
  const dilation = readSingleSize(config, 'dilation_rate');
  const units = Number(config['filters']);
  if (readSingleSize(config, 'strides') !== 1)
    invalidModel(`strides of ${quote(config['strides'])}: every step gives one here`);
  const padding = config['padding'] ?? 'valid';
  if (padding !== 'causal' && padding !== 'same')
    invalidModel(`padding ${quote(padding)}, must be "causal" or "same": every step gives one here`);
  if ((config['groups'] ?? 1) !== 1) invalidModel(`${quote(config['groups'])} groups, must be 1`);
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

/** A size over the one axis there is: 3, or [3]. */
export function readSingleSize(config: Config, field: string, usual = 1): number {
  const said = config[field] ?? usual;
  const size: unknown = Array.isArray(said) && said.length === 1 ? said[0] : said;
  return Number.isSafeInteger(size) ? (size as number) : invalidModel(`${field} ${quote(said)}`);
}

/** [kernel, in, units] → [units, in, kernel] */
export function toUnitsFirst({ shape, values }: Tensor): Tensor {
  const [kernel, inner, units] = shape as [number, number, number];
  const turned = new Float32Array(values.length);
  for (let tap = 0; tap < kernel; tap++)
    for (let k = 0; k < inner; k++)
      for (let unit = 0; unit < units; unit++)
        turned[(unit * inner + k) * kernel + tap] = values[(tap * inner + k) * units + unit]!;
  return { shape: [units, inner, kernel], values: turned };
}
