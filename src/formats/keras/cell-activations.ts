import type { ActivationRole } from '../../cells/cell.ts';
import { findCell, type CellName } from '../../cells/registry.ts';
import type { CellActivationSpec, CellActivationsSpec } from '../../cells/recurrent-fields.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { asConfig, type Config } from './keras-config.ts';

// `activation` and `recurrent_activation` of a Keras cell: a name, a serialized function, or a serialized
// layer with parameters.

/**
 * Parses the activations that differ from the cell's defaults.
 * @param version of the Keras that wrote the file
 */
export function parseCellActivations(cell: CellName, config: Config, version: string): CellActivationsSpec {
  const read = (given: unknown, fallback: 'sigmoid' | 'tanh'): CellActivationSpec | null => {
    const activation = given === undefined ? { type: fallback } : parseCellActivation(given, version);
    return activation.type === fallback ? null : activation;
  };
  const value = read(config['activation'], 'tanh');
  const roles: readonly ActivationRole[] = findCell({ cell }).activations;
  const gate = roles.includes('gate')
    ? read(config['recurrent_activation'] ?? config['inner_activation'], 'sigmoid')
    : null;
  return {
    ...(gate && { gate }),
    ...(value && { candidate: value }),
    ...(value && roles.includes('output') && { output: value }),
  };
}

function parseCellActivation(given: unknown, version: string): CellActivationSpec {
  if (given === null) return { type: 'affine' };
  if (typeof given === 'string') {
    if (given === 'hard_sigmoid') return hardSigmoid(version);
    return Object.hasOwn(named, given)
      ? named[given]!
      : invalidModel(`unsupported activation ${quote(given)}`);
  }
  const { class_name: kind, config } = asConfig(given);
  if (kind === 'function' && typeof config === 'string') return parseCellActivation(config, version);
  return parseActivationLayer(String(kind), asConfig(config));
}

/** The defaults of functions; those of layers differ. */
const named: Readonly<Record<string, CellActivationSpec>> = {
  linear: { type: 'affine' },
  relu: { type: 'relu' },
  tanh: { type: 'tanh' },
  sigmoid: { type: 'sigmoid' },
  softsign: { type: 'softsign' },
  softplus: { type: 'softplus' },
  elu: { type: 'elu', alpha: 1 },
  leaky_relu: { type: 'leaky_relu', alpha: 0.2 },
};

/** Keras 1 and 2: 0.2·x + 0.5, Keras 3: x / 6 + 0.5, each clamped to [0, 1]. */
export const hardSigmoid = (version: string) => ({
  type: 'hard_sigmoid' as const,
  alpha: Number.parseInt(version, 10) >= 3 ? 1 / 6 : 0.2,
  beta: 0.5,
});

/** Reads a number from a config under one of several names. @throws UnrollError invalid_model */
export function readNumber(config: Config, names: readonly string[], fallback: number, kind: string): number {
  const given =
    names.map((name) => config[name]).find((one) => one !== undefined && one !== null) ?? fallback;
  return typeof given === 'number' && Number.isFinite(Math.fround(given))
    ? given
    : invalidModel(`${kind}: ${names.join(' or ')} is ${quote(given)}, must be a finite number`);
}

function parseActivationLayer(kind: string, config: Config): CellActivationSpec {
  const number = (names: readonly string[], fallback: number): number =>
    readNumber(config, names, fallback, kind);
  switch (kind) {
    case 'LeakyReLU':
      return { type: 'leaky_relu', alpha: number(['negative_slope', 'alpha'], 0.3) };
    case 'ELU':
      return { type: 'elu', alpha: number(['alpha'], 1) };
    case 'ThresholdedReLU':
      return { type: 'thresholded_relu', alpha: number(['theta'], 1) };
    case 'ReLU': {
      if (config['max_value'] !== undefined && config['max_value'] !== null)
        invalidModel(`ReLU: max_value ${quote(config['max_value'])} is not supported`);
      if (number(['threshold'], 0) !== 0)
        invalidModel(`ReLU: threshold ${quote(config['threshold'])} is not supported`);
      const slope = number(['negative_slope'], 0);
      return slope === 0 ? { type: 'relu' } : { type: 'leaky_relu', alpha: slope };
    }
    default:
      return invalidModel(`unsupported activation ${quote(kind)}`);
  }
}
