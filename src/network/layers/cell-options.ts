import {
  activationParameters,
  plainActivation,
  usualOptions,
  type CellActivation,
  type CellOptions,
} from '../../kernel/cell-options.ts';
import type { CellActivationSpec } from '../cell-fields.ts';
import type { RecurrentSpec } from '../spec.ts';

export type Direction = 'forward' | 'backward';

/** What one direction of a layer asks of its cell. */
export function cellOptionsOf(layer: RecurrentSpec, direction: Direction): CellOptions {
  const activations =
    direction === 'backward' ? (layer.backward_activations ?? layer.activations) : layer.activations;
  const { gate, candidate, output } = activations ?? {};
  const usual = layer.cell === 'rnn' ? plainActivation(layer.activation) : usualOptions.candidate;
  return {
    gate: gate ? filled(gate) : usualOptions.gate,
    candidate: candidate ? filled(candidate) : usual,
    output: output ? filled(output) : usualOptions.output,
    clip: layer.clip ?? null,
    inputForget: layer.input_forget ?? false,
    peepholes: layer.peepholes ?? false,
  };
}

/** With the defaults of what isn't said. */
function filled(given: CellActivationSpec): CellActivation {
  const usual: { alpha?: number | null; beta?: number | null } = activationParameters[given.type];
  const said: { type: string; alpha?: number | undefined; beta?: number | undefined } = given;
  return { type: given.type, alpha: said.alpha ?? usual.alpha ?? 0, beta: said.beta ?? usual.beta ?? 0 };
}

/** What a layer's cell has beyond its kind, for a person: `gate hard_sigmoid(0.2, 0.5)`, `clip 3`. */
export function optionsInWords(layer: RecurrentSpec): string[] {
  const { activations = {}, backward_activations: backward, clip } = layer;
  const shown = (given: typeof activations, direction: Direction): string[] =>
    (['gate', 'candidate', 'output'] as const)
      .filter((part) => given[part])
      .map((part) => `${part} ${inWords(cellOptionsOf(layer, direction)[part])}`);
  return [
    ...shown(activations, 'forward'),
    ...(backward ? [['backward:', ...shown(backward, 'backward')].join(' ')] : []),
    ...(clip === undefined ? [] : [`clip ${Number(clip.toPrecision(6))}`]),
    ...(layer.input_forget ? ['input-forget gate'] : []),
    ...(layer.peepholes ? ['peepholes'] : []),
    ...(layer.initial_state ? ['initial state'] : []),
  ];
}

function inWords(activation: CellActivation): string {
  const numbers = Object.keys(activationParameters[activation.type]) as ('alpha' | 'beta')[];
  const shown = numbers.map((name) => Number(activation[name].toPrecision(6)));
  return `${activation.type}${shown.length > 0 ? `(${shown.join(', ')})` : ''}`;
}

/** @returns what a layer asks that its cell does not have, by field; null when it all fits */
export function misplacedOption(layer: RecurrentSpec): { field: string; what: string } | null {
  const { cell, activation, bidirectional } = layer;
  for (const field of ['activations', 'backward_activations'] as const) {
    const given = layer[field];
    if (given?.gate && cell === 'rnn') return { field: `${field}.gate`, what: 'a plain rnn has no gates' };
    if (given?.output && cell !== 'lstm')
      return { field: `${field}.output`, what: `only an lstm squashes its output, this is a ${cell}` };
    if (given?.candidate && cell === 'rnn' && activation !== 'tanh')
      return { field: `${field}.candidate`, what: `${activation} is given as its activation, too` };
  }
  if (layer.backward_activations && !bidirectional)
    return { field: 'backward_activations', what: 'it has no backward direction' };
  for (const field of ['input_forget', 'peepholes'] as const)
    if (layer[field] === true && cell !== 'lstm')
      return { field, what: `only an lstm has it, this is a ${cell}` };
  return null;
}
