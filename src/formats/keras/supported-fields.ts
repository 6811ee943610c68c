import { invalidModel, quote } from '../format-errors.ts';
import type { LayerInput } from './converted.ts';
import { asConfig, type Config } from './keras-config.ts';
import type { KerasLayer } from './keras-layer.ts';

// Config fields whose effect is not supported: each must have its default.

const pooling = { keepdims: [false], data_format: ['channels_last'] };
const recurrent = { time_major: [false] };
const supportedValues: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  GlobalAveragePooling1D: pooling,
  GlobalMaxPooling1D: pooling,
  ReLU: { max_value: [], negative_slope: [0], threshold: [0] },
  LayerNormalization: { rms_scaling: [false] },
  AttentionWeightedAverage: { return_attention: [false] },
  LSTM: recurrent,
  GRU: recurrent,
  SimpleRNN: recurrent,
};
/** Layers whose `axis` must be that of the columns: the last of three, or of two. */
const overColumns = new Set(['Softmax', 'LayerNormalization', 'BatchNormalization', 'Concatenate']);
const merging = new Set(['Concatenate', 'Add', 'Multiply']);

/** Checks the fields of a layer. @throws UnrollError invalid_model with the field and its value */
export function requireSupportedFields({ className, config }: KerasLayer, from: readonly LayerInput[]): void {
  for (const [field, values] of Object.entries(supportedValues[className] ?? {}))
    requireField(config, field, values);
  if (overColumns.has(className) && !isDefault(config['axis'], [-1, from[0]?.sequence ? 2 : 1]))
    invalidModel(`axis ${quote(config['axis'])}, must be the last`);
  if (from.length > 1 && !merging.has(className))
    invalidModel(`has ${from.length} inputs, must have one: states and masks as inputs are not supported`);
  if (className === 'Bidirectional') requireEqualDirections(config);
}

/** Checks a field. @throws UnrollError invalid_model when it is neither missing nor one of `values` */
export function requireField(config: Config, field: string, values: readonly unknown[]): void {
  if (!isDefault(config[field], values))
    invalidModel(
      `${field} ${quote(config[field])}${values.length > 0 ? `, must be ${quote(values[0])}` : ''}`,
    );
}

/** Whether a field is missing, null, one of the values, or a list with only one of them. */
function isDefault(field: unknown, values: readonly unknown[]): boolean {
  const value: unknown = Array.isArray(field) && field.length === 1 ? field[0] : field;
  return value === undefined || value === null || values.includes(value);
}

/**
 * Checks the directions of a Bidirectional: forward first, and equal return_sequences. recurrent.ts checks
 * the rest.
 */
function requireEqualDirections(config: Config): void {
  const own = asConfig(asConfig(config['layer'])['config']);
  if (own['go_backwards'] === true) invalidModel('its forward layer has go_backwards');
  if (config['backward_layer'] === undefined || config['backward_layer'] === null) return;
  const other = asConfig(asConfig(config['backward_layer'])['config']);
  if ((other['return_sequences'] === true) !== (own['return_sequences'] === true))
    invalidModel('its backward layer has a different return_sequences');
}
