import { shown } from '../arrays.ts';
import { refuse, type Read } from './converted.ts';
import { asConfig, type Config, type KerasLayer } from './keras-model.ts';

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
export function requirePlain({ className, config }: KerasLayer, from: readonly Read[]): void {
  for (const [field, values] of Object.entries(plain[className] ?? {}))
    if (!isDefault(config[field], values))
      refuse(`${field} ${shown(config[field])}${values.length > 0 ? `, must be ${shown(values[0])}` : ''}`);
  if (overColumns.has(className) && !isDefault(config['axis'], [-1, from[0]?.sequence ? 2 : 1]))
    refuse(`axis ${shown(config['axis'])}, must be the last`);
  if (from.length > 1 && !joining.has(className))
    refuse(`reads ${from.length} inputs: only the sequence is one here, a state or a mask is not`);
  if (className === 'Bidirectional') requireEqualDirections(config);
}

/** Left out, null, one of the values, or a list of one of them alone. */
function isDefault(said: unknown, values: readonly unknown[]): boolean {
  const value: unknown = Array.isArray(said) && said.length === 1 ? said[0] : said;
  return value === undefined || value === null || values.includes(value);
}

/** Both ways the same cell, the first forward: anything else is two layers of one's own. */
function requireEqualDirections(config: Config): void {
  const own = cellOf(config['layer']);
  if (own['go_backwards'] === true) refuse('its forward layer has go_backwards');
  if (config['backward_layer'] === undefined || config['backward_layer'] === null) return;
  const other = cellOf(config['backward_layer']);
  for (const field of Object.keys(own))
    if (field !== 'go_backwards' && shown(other[field]) !== shown(own[field]))
      refuse(`its backward layer has ${field} ${shown(other[field])}, the forward one ${shown(own[field])}`);
}

/** What tells a cell from another. */
function cellOf(layer: unknown): Config {
  const { class_name: kind, config } = asConfig(layer);
  const all = asConfig(config);
  const fields = [
    'units',
    'activation',
    'recurrent_activation',
    'use_bias',
    'reset_after',
    'return_sequences',
  ];
  return Object.fromEntries([
    ['class_name', kind],
    ...[...fields, 'go_backwards'].map((field) => [field, all[field]] as const),
  ]);
}
