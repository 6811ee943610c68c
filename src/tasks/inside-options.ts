import { UnrollError } from '../errors.ts';
import { planInside, type InsideKind, type InsideLayer, type InsidePlan } from '../network/inside.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { checkReplyBytes, numberBytes } from './budgets.ts';
import type { TaskLimits } from './context.ts';
import { invalidField } from './invalid-field.ts';

// Which values inside a network a request wants besides its result.

export interface InsideOptions {
  readonly include?: readonly InsideKind[] | undefined;
  /** Names of recurrent layers; all by default. */
  readonly include_layers?: readonly string[] | undefined;
  /** The same units of every layer; all by default. */
  readonly include_units?: readonly number[] | undefined;
  readonly include_format?: InsideFormat | undefined;
}
/** `base64`: float32, little-endian. */
export type InsideFormat = 'json' | 'base64';

/**
 * @returns undefined where nothing is wanted
 * @throws UnrollError invalid_request, include_mismatch for what the model does not have
 */
export function readInsideOptions(model: ServedModel, options: InsideOptions): InsidePlan | undefined {
  const { include = [], include_layers: names, include_units: units } = options;
  if (include.length === 0) {
    for (const field of ['include_layers', 'include_units', 'include_format'] as const)
      if (options[field] !== undefined) invalidField(field, 'has no effect without include');
    return undefined;
  }
  const layers = chooseLayers(model, names);
  for (const { name, units: count } of layers) {
    const outside = units?.find((unit) => unit >= count);
    if (outside !== undefined)
      mismatch('include_units', `unit ${outside} is not in ${name}, which has ${count} units, from 0`);
  }
  const listed = layers.map(({ name }) => name).join(', ');
  if (include.includes('cell') && !layers.some(({ hasCellState }) => hasCellState))
    mismatch('include', `there is no cell state in ${listed}: only LSTM and CIFG cells have one`);
  if (include.includes('gates') && !layers.some(({ gates }) => gates.length > 0))
    mismatch('include', `there are no gates in ${listed}: the only gate of a plain RNN is its hidden state`);
  return planInside(layers, include, units ?? null);
}

function chooseLayers(
  { name, network: { info } }: ServedModel,
  names: readonly string[] | undefined,
): readonly InsideLayer[] {
  const { inside } = info;
  if (inside.length === 0)
    mismatch('include', `${name} has no recurrent layer that runs step by step on the kernel`);
  const known = inside.map((layer) => layer.name);
  const unknown = names?.find((one) => !known.includes(one));
  if (unknown !== undefined)
    mismatch(
      'include_layers',
      `"${unknown}" is not a recurrent layer of ${name}, which has ${known.join(', ')}`,
    );
  return names ? inside.filter((layer) => names.includes(layer.name)) : inside;
}

function mismatch(field: string, problem: string): never {
  throw new UnrollError('include_mismatch', `${field}: ${problem}`, { field });
}

/**
 * @param steps of all sequences whose values are in memory at the same time
 * @param otherBytes of the reply besides
 * @throws UnrollError reply_too_large
 */
export function checkInsideSize(
  plan: InsidePlan | undefined,
  steps: number,
  { include_format: format }: InsideOptions,
  limits: TaskLimits,
  otherBytes = 0,
): void {
  if (!plan) return;
  const columns = plan.parts.reduce((sum, part) => sum + part.columns.length, 0);
  const rowBytes =
    format === 'base64' ? plan.width * base64Bytes : plan.width * numberBytes + columns * bracketBytes;
  checkReplyBytes(otherBytes + steps * rowBytes, limits, 'include');
}

/** Bytes of a float32 in base64. */
const base64Bytes = 16 / 3;
/** Of `[],`. */
const bracketBytes = 3;
