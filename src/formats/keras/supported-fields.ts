import { invalidModel, quote } from '../format-errors.ts';
import type { LayerInput } from './converted.ts';
import { asConfig, type Config } from './keras-config.ts';
import type { KerasLayer } from './keras-layer.ts';

// Fields of a config that change a layer's numbers in ways there is nothing for here: each must be left as it is by itself.

const pooling = { keepdims: [false], data_format: ['channels_last'] };
const recurrent = { time_major: [false] };
const plain: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  GlobalAveragePooling1D: pooling,
  GlobalMaxPooling1D: pooling,
  ReLU: { max_value: [], negative_slope: [0], threshold: [0] },
  LayerNormalization: { rms_scaling: [false] },
  AttentionWeightedAverage: { return_attention: [false] },
  LSTM: recurrent,
  GRU: recurrent,
  SimpleRNN: recurrent,
};
/** Layers whose `axis` must be that of the columns, the last of three or of two. */
const overColumns = new Set(['Softmax', 'LayerNormalization', 'BatchNormalization', 'Concatenate']);
const joining = new Set(['Concatenate', 'Add', 'Multiply']);

/** @throws UnrollError invalid_model, naming the field and what it says */
export function requireSupportedFields({ className, config }: KerasLayer, from: readonly LayerInput[]): void {
  for (const [field, values] of Object.entries(plain[className] ?? {})) requireField(config, field, values);
  if (overColumns.has(className) && !isDefault(config['axis'], [-1, from[0]?.sequence ? 2 : 1]))
    invalidModel(`axis ${quote(config['axis'])}, must be the last`);
  if (from.length > 1 && !joining.has(className))
    invalidModel(`reads ${from.length} inputs: only the sequence is one here, a state or a mask is not`);
  if (className === 'Bidirectional') requireEqualDirections(config);
}

/** @throws UnrollError invalid_model where a field is neither left out nor one of `values` */
export function requireField(config: Config, field: string, values: readonly unknown[]): void {
  if (!isDefault(config[field], values))
    invalidModel(
      `${field} ${quote(config[field])}${values.length > 0 ? `, must be ${quote(values[0])}` : ''}`,
    );
}

/** Left out, null, one of the values, or a list of one of them alone. */
function isDefault(said: unknown, values: readonly unknown[]): boolean {
  const value: unknown = Array.isArray(said) && said.length === 1 ? said[0] : said;
  return value === undefined || value === null || values.includes(value);
}

/** The first forward, and both give as much: what else a layer of its own may be, recurrent.ts says. */
function requireEqualDirections(config: Config): void {
  const own = asConfig(asConfig(config['layer'])['config']);
  if (own['go_backwards'] === true) invalidModel('its forward layer has go_backwards');
  if (config['backward_layer'] === undefined || config['backward_layer'] === null) return;
  const other = asConfig(asConfig(config['backward_layer'])['config']);
  if ((other['return_sequences'] === true) !== (own['return_sequences'] === true))
    invalidModel('its backward layer has another return_sequences');
}
