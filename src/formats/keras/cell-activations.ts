import type { CellActivationSpec, CellActivationsSpec } from '../../network/cell-fields.ts';
import { shown } from '../arrays.ts';
import { refuse } from './converted.ts';
import { asConfig, type Config } from './keras-config.ts';

// `activation` and `recurrent_activation` of a Keras cell: a name, a function by its name, or a layer with its numbers.

/** Without those that the cell has anyway. @param version of the Keras that wrote the file */
export function cellActivationsOf(
  cell: 'lstm' | 'gru' | 'rnn',
  config: Config,
  version: string,
): CellActivationsSpec {
  const read = (said: unknown, usual: 'sigmoid' | 'tanh'): CellActivationSpec | null => {
    const activation = said === undefined ? { type: usual } : activationOf(said, version);
    return activation.type === usual ? null : activation;
  };
  const value = read(config['activation'], 'tanh');
  const gate =
    cell === 'rnn' ? null : read(config['recurrent_activation'] ?? config['inner_activation'], 'sigmoid');
  return {
    ...(gate && { gate }),
    ...(value && { candidate: value }),
    ...(value && cell === 'lstm' && { output: value }),
  };
}

function activationOf(said: unknown, version: string): CellActivationSpec {
  if (said === null) return { type: 'affine' };
  if (typeof said === 'string') {
    if (said === 'hard_sigmoid') return hardSigmoid(version);
    return Object.hasOwn(named, said) ? named[said]! : refuse(`the activation ${shown(said)}`);
  }
  const { class_name: kind, config } = asConfig(said);
  if (kind === 'function' && typeof config === 'string') return activationOf(config, version);
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

/** Keras 1 and 2: 0.2·x + 0.5, Keras 3: x / 6 + 0.5, each held within [0, 1]. */
export const hardSigmoid = (version: string) => ({
  type: 'hard_sigmoid' as const,
  alpha: Number.parseInt(version, 10) >= 3 ? 1 / 6 : 0.2,
  beta: 0.5,
});

/** A number that a config has under one of some names. */
export function numberIn(config: Config, names: readonly string[], usual: number, kind: string): number {
  const said = names.map((name) => config[name]).find((one) => one !== undefined && one !== null) ?? usual;
  return typeof said === 'number' && Number.isFinite(Math.fround(said))
    ? said
    : refuse(`${kind} with ${names.join(' or ')} of ${shown(said)}`);
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
