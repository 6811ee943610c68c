import {
  activationParameters,
  plainActivation,
  usualOptions,
  type CellActivation,
  type CellOptions,
} from './options.ts';
import type { Cell } from './cell.ts';
import { findCell } from './registry.ts';
import type { CellActivationSpec, RecurrentFields } from './recurrent-fields.ts';

export type Direction = 'forward' | 'backward';

/** The options of a cell in one direction of a layer. */
export function getCellOptions(layer: RecurrentFields, direction: Direction): CellOptions {
  const activations =
    direction === 'backward' ? (layer.backward_activations ?? layer.activations) : layer.activations;
  const { gate, candidate, output } = activations ?? {};
  const usual = findCell(layer).supports.includes('activation')
    ? plainActivation(layer.activation)
    : usualOptions.candidate;
  return {
    gate: gate ? withDefaults(gate) : usualOptions.gate,
    candidate: candidate ? withDefaults(candidate) : usual,
    output: output ? withDefaults(output) : usualOptions.output,
    clip: layer.clip ?? null,
    inputForget: layer.input_forget ?? false,
    peepholes: layer.peepholes ?? false,
  };
}

/** With ONNX's defaults. */
function withDefaults(given: CellActivationSpec): CellActivation {
  const usual: { alpha?: number | null; beta?: number | null } = activationParameters[given.type];
  const { type, alpha, beta }: { type: CellActivation['type']; alpha?: number; beta?: number } =
    given as CellActivation;
  return { type, alpha: alpha ?? usual.alpha ?? 0, beta: beta ?? usual.beta ?? 0 };
}

/** A layer's unusual options, for a person: `gate hard_sigmoid(0.2, 0.5)`, `clip 3`. */
export function describeOptions(layer: RecurrentFields): string[] {
  const { activations = {}, backward_activations: backward, clip } = layer;
  const shown = (given: typeof activations, direction: Direction): string[] =>
    (['gate', 'candidate', 'output'] as const)
      .filter((part) => given[part])
      .map((part) => `${part} ${describeActivation(getCellOptions(layer, direction)[part])}`);
  return [
    ...shown(activations, 'forward'),
    ...(backward ? [['backward:', ...shown(backward, 'backward')].join(' ')] : []),
    ...(clip === undefined ? [] : [`clip ${Number(clip.toPrecision(6))}`]),
    ...(layer.input_forget ? ['input-forget gate'] : []),
    ...(layer.peepholes ? ['peepholes'] : []),
    ...(layer.initial_state ? ['initial state'] : []),
  ];
}

function describeActivation(activation: CellActivation): string {
  const numbers = Object.keys(activationParameters[activation.type]) as ('alpha' | 'beta')[];
  const shown = numbers.map((name) => Number(activation[name].toPrecision(6)));
  return `${activation.type}${shown.length > 0 ? `(${shown.join(', ')})` : ''}`;
}

/**
 * Which of the cell's variants a layer has, for a person: `reset after`, `tanh`; empty where there is one.
 */
export function describeVariant({ cell, reset, activation, activations }: RecurrentFields): string {
  const { resetBefore, supports } = findCell({ cell });
  if (resetBefore) return `reset ${reset}`;
  return supports.includes('activation') && !activations?.candidate ? activation : '';
}

/** @returns an option that the layer's cell does not have, by field; null when all fit */
export function misplacedOption(layer: RecurrentFields): { field: string; what: string } | null {
  const { activation, bidirectional, cell: name } = layer;
  const cell = findCell(layer);
  for (const field of ['activations', 'backward_activations'] as const)
    for (const role of ['gate', 'candidate', 'output'] as const) {
      if (!layer[field]?.[role]) continue;
      if (!cell.activations.includes(role))
        return { field: `${field}.${role}`, what: `a cell ${name} has no ${role} activation` };
      if (role === 'candidate' && cell.supports.includes('activation') && activation !== 'tanh')
        return { field: `${field}.${role}`, what: `activation is ${activation} already` };
    }
  if (layer.backward_activations && !bidirectional)
    return { field: 'backward_activations', what: 'it has no backward direction' };
  for (const field of ['clip', 'input_forget', 'peepholes'] as const)
    if (isSet(layer[field]) && !cell.supports.includes(field))
      return { field, what: `a cell ${name} has no such option` };
  if (layer.recurrent_dropout > 0 && !hasProduct(cell))
    return { field: 'recurrent_dropout', what: `a cell ${name} has no recurrent product` };
  return null;
}

const isSet = (value: number | boolean | undefined): boolean => value !== undefined && value !== false;
const hasProduct = ({ gates }: Cell): boolean => gates.some(({ product }) => product !== 'none');
