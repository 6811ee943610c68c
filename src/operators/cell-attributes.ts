import type { ActivationRole } from '../cells/cell.ts';
import { activationParameters, usualOptions, type CellActivationType } from '../cells/options.ts';
import { findCell, type CellName } from '../cells/registry.ts';
import type { CellActivationsSpec, CellActivationSpec, RecurrentFields } from '../cells/recurrent-fields.ts';
import type { OperatorSpec } from './spec.ts';
import { invalidOperator } from './operand.ts';
import { numberAttribute, numberListAttribute, textListAttribute } from './operator.ts';

// Parses a cell's options from the attributes of RNN, GRU and LSTM: activations, activation_alpha,
// activation_beta,
// clip, input_forget.

const types: Readonly<Record<string, CellActivationType>> = {
  relu: 'relu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  affine: 'affine',
  leakyrelu: 'leaky_relu',
  thresholdedrelu: 'thresholded_relu',
  scaledtanh: 'scaled_tanh',
  hardsigmoid: 'hard_sigmoid',
  elu: 'elu',
  softsign: 'softsign',
  softplus: 'softplus',
};
/**
 * Fields of a recurrent layer with the operator's options.
 * @throws UnrollError invalid_model where an attribute is invalid or no cell supports it
 */
export function parseCellAttributes(
  operator: OperatorSpec,
  cell: CellName,
  direction: 'forward' | 'reverse' | 'bidirectional',
): Partial<RecurrentFields> {
  const clip = numberAttribute(operator, 'clip', 0);
  if (!(clip >= 0 && Number.isFinite(clip)))
    invalidOperator(`clip must be a finite number of at least 0, not ${clip}`);
  return {
    ...toActivationFields(
      cell,
      parseDirections(operator, cell, direction === 'bidirectional' ? 2 : 1),
      direction === 'reverse',
    ),
    ...(clip > 0 && { clip }),
    ...(findCell({ cell }).supports.includes('input_forget') &&
      numberAttribute(operator, 'input_forget', 0) !== 0 && { input_forget: true }),
  };
}

/**
 * @param backwardOnly the one direction runs backward: it is beside a forward one of zero weights, whose
 * output is zero only
 * with the default activations
 */
function toActivationFields(
  cell: CellName,
  [first, second = first]: readonly CellActivationsSpec[],
  backwardOnly: boolean,
): Partial<RecurrentFields> {
  const serialise = (activations: CellActivationsSpec | undefined): string => JSON.stringify(activations);
  if (serialise(first) !== serialise(second)) return { activations: first!, backward_activations: second! };
  if (serialise(first) === '{}') return {};
  if (findCell({ cell }).supports.includes('activation') && first!.candidate?.type === 'relu')
    return { activation: 'relu' };
  return backwardOnly ? { backward_activations: first! } : { activations: first! };
}

/** The activations of each direction, without the cell's defaults. */
function parseDirections(operator: OperatorSpec, cell: CellName, directions: number): CellActivationsSpec[] {
  const names = textListAttribute(operator, 'activations') ?? [];
  const roles: readonly ActivationRole[] = findCell({ cell }).activations;
  const count = roles.length;
  if (names.length === 0) return Array.from({ length: directions }, () => ({}));
  if (names.length !== count * directions)
    invalidOperator(
      `activations: must be ${count} for each direction, not ${names.length}: ${names.slice(0, 12).join(', ')}`,
    );
  const activations = parseActivations(operator, names);
  return Array.from({ length: directions }, (_, direction) =>
    Object.fromEntries(
      roles.flatMap((role, i) => {
        const activation = activations[direction * count + i]!;
        return activation.type === usualOptions[role].type ? [] : [[role, activation] as const];
      }),
    ),
  );
}

function parseActivations(operator: OperatorSpec, names: readonly string[]): CellActivationSpec[] {
  const parsed = names.map(
    (name) =>
      types[name.toLowerCase()] ??
      invalidOperator(
        `activations: ${JSON.stringify(name)} must be one of ${Object.values(types).join(', ')}`,
      ),
  );
  const alpha = parseParameters(operator, 'alpha', parsed);
  const beta = parseParameters(operator, 'beta', parsed);
  return parsed.map((type, i) => ({ type, ...alpha[i], ...beta[i] }) as CellActivationSpec);
}

/**
 * Parses activation_alpha or activation_beta, which the activations with such a parameter consume in order,
 * as in onnxruntime; the others have ONNX's default. A list with a number for every activation is accepted
 * where both
 * readings give the same.
 */
function parseParameters(
  operator: OperatorSpec,
  name: 'alpha' | 'beta',
  activations: readonly CellActivationType[],
): Record<string, number>[] {
  const given = numberListAttribute(operator, `activation_${name}`) ?? [];
  const invalid = given.find((value) => !Number.isFinite(value));
  if (invalid !== undefined) invalidOperator(`activation_${name} must be finite numbers, not ${invalid}`);
  let next = 0;
  const parsed = activations.map((type, i): Record<string, number> => {
    const parameters: { alpha?: number | null; beta?: number | null } = activationParameters[type];
    if (parameters[name] === undefined) return {};
    const value = given[next];
    if (given.length === activations.length && value !== given[i])
      invalidOperator(
        `activation_${name} has a number for every activation, but ${type} would use another one`,
      );
    next++;
    const parameter =
      value ?? parameters[name] ?? invalidOperator(`${type} needs activation_${name}: ONNX has no default`);
    return { [name]: parameter };
  });
  if (given.length > next && given.length !== activations.length)
    invalidOperator(`activation_${name} has ${given.length} numbers, but the activations use ${next}`);
  return parsed;
}
