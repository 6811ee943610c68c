import type { ActivationRole } from '../../cells/cell.ts';
import { findCell, type CellName } from '../../cells/registry.ts';
import type { CellActivationSpec, CellActivationsSpec } from '../../network/layers/recurrent/cell-fields.ts';
import { shown } from '../arrays.ts';
import { refuse } from './converted.ts';
import { asConfig, type Config } from './keras-config.ts';

// `activation` and `recurrent_activation` of a Keras cell: a name, a function by its name, or a layer with its numbers.

/** The activations that differ from the cell's usual ones. @param version of the Keras that wrote the file */
export function cellActivationsOf(cell: CellName, config: Config, version: string): CellActivationsSpec {
  const read = (given: unknown, usual: 'sigmoid' | 'tanh'): CellActivationSpec | null => {
    const activation = given === undefined ? { type: usual } : parseActivation(given, version);
    return activation.type === usual ? null : activation;
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

function parseActivation(given: unknown, version: string): CellActivationSpec {
  if (given === null) return { type: 'affine' };
  if (typeof given === 'string') {
    if (given === 'hard_sigmoid') return hardSigmoid(version);
    return Object.hasOwn(named, given) ? named[given]! : refuse(`the activation ${shown(given)}`);
  }
  const { class_name: kind, config } = asConfig(given);
  if (kind === 'function' && typeof config === 'string') return parseActivation(config, version);
  return layerOf(String(kind), asConfig(config));
}

/** As functions have their numbers; those of layers differ. */
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

/** A number that a config has under one of some names. */
export function numberIn(config: Config, names: readonly string[], usual: number, kind: string): number {
  const given = names.map((name) => config[name]).find((one) => one !== undefined && one !== null) ?? usual;
  return typeof given === 'number' && Number.isFinite(Math.fround(given))
    ? given
    : refuse(`${kind} with ${names.join(' or ')} of ${shown(given)}`);
}

function layerOf(kind: string, config: Config): CellActivationSpec {
  const number = (names: readonly string[], usual: number): number => numberIn(config, names, usual, kind);
  switch (kind) {
    case 'LeakyReLU':
      return { type: 'leaky_relu', alpha: number(['negative_slope', 'alpha'], 0.3) };
    case 'ELU':
      return { type: 'elu', alpha: number(['alpha'], 1) };
    case 'ThresholdedReLU':
      return { type: 'thresholded_relu', alpha: number(['theta'], 1) };
    case 'ReLU': {
      if (config['max_value'] !== undefined && config['max_value'] !== null)
        refuse(`a ReLU with a max_value of ${shown(config['max_value'])}`);
      if (number(['threshold'], 0) !== 0) refuse(`a ReLU with a threshold of ${shown(config['threshold'])}`);
      const slope = number(['negative_slope'], 0);
      return slope === 0 ? { type: 'relu' } : { type: 'leaky_relu', alpha: slope };
    }
    default:
      return refuse(`the activation ${shown(kind)}`);
  }
}
