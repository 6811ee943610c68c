import type { ActivationRole } from '../cells/cell.ts';
import { activationParameters, usualOptions, type CellActivationType } from '../cells/options.ts';
import { findCell, type CellName } from '../cells/registry.ts';
import type { CellActivationsSpec, CellActivationSpec } from '../network/layers/recurrent/cell-fields.ts';
import type { OperatorSpec } from './spec.ts';
import type { RecurrentSpec } from '../network/layers/recurrent/schema.ts';
import { refuseOperator } from './operand.ts';
import { numberOf, numbersOf, textsOf } from './operator.ts';

// Reads a cell's options from the attributes of RNN, GRU and LSTM: activations, activation_alpha, activation_beta, clip, input_forget.

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
/** Fields of our layer. */
export function cellFieldsOf(
  operator: OperatorSpec,
  cell: CellName,
  how: 'forward' | 'reverse' | 'bidirectional',
): Partial<RecurrentSpec> {
  const clip = numberOf(operator, 'clip', 0);
  if (!(clip >= 0 && Number.isFinite(clip))) refuseOperator(`a clip of ${clip}`);
  return {
    ...fieldsOf(cell, directionsOf(operator, cell, how === 'bidirectional' ? 2 : 1), how === 'reverse'),
    ...(clip > 0 && { clip }),
    ...(findCell({ cell }).supports.includes('input_forget') &&
      numberOf(operator, 'input_forget', 0) !== 0 && { input_forget: true }),
  };
}

/** @param still whether the one direction is backward: beside it runs a forward one of zero weights, which gives zeros only as usual */
function fieldsOf(
  cell: CellName,
  [first, second = first]: readonly CellActivationsSpec[],
  still: boolean,
): Partial<RecurrentSpec> {
  const text = (given: CellActivationsSpec | undefined): string => JSON.stringify(given);
  if (text(first) !== text(second)) return { activations: first!, backward_activations: second! };
  if (text(first) === '{}') return {};
  if (findCell({ cell }).supports.includes('activation') && first!.candidate?.type === 'relu')
    return { activation: 'relu' };
  return still ? { backward_activations: first! } : { activations: first! };
}

/** The activations of each direction, without those that the cell has anyway. */
function directionsOf(operator: OperatorSpec, cell: CellName, directions: number): CellActivationsSpec[] {
  const names = textsOf(operator, 'activations') ?? [];
  const roles: readonly ActivationRole[] = findCell({ cell }).activations;
  const count = roles.length;
  if (names.length === 0) return Array.from({ length: directions }, () => ({}));
  if (names.length !== count * directions)
    refuseOperator(
      `${names.length} activations, must be ${count} a direction: ${names.slice(0, 12).join(', ')}`,
    );
  const activations = activationsOf(operator, names);
  return Array.from({ length: directions }, (_, direction) =>
    Object.fromEntries(
      roles.flatMap((role, i) => {
        const one = activations[direction * count + i]!;
        return one.type === usualOptions[role].type ? [] : [[role, one] as const];
      }),
    ),
  );
}

function activationsOf(operator: OperatorSpec, names: readonly string[]): CellActivationSpec[] {
  const found = names.map(
    (name) =>
      types[name.toLowerCase()] ??
      refuseOperator(
        `the activation ${JSON.stringify(name)}, must be one of ${Object.values(types).join(', ')}`,
      ),
  );
  const alpha = parameterOf(operator, 'alpha', found);
  const beta = parameterOf(operator, 'beta', found);
  return found.map((type, i) => ({ type, ...alpha[i], ...beta[i] }) as CellActivationSpec);
}

/**
 * activation_alpha or activation_beta, consumed in order by the activations that take one, as onnxruntime does; the rest have
 * ONNX's default. A list with one for every activation is taken where that comes to the same.
 */
function parameterOf(
  operator: OperatorSpec,
  name: 'alpha' | 'beta',
  activations: readonly CellActivationType[],
): Record<string, number>[] {
  const given = numbersOf(operator, `activation_${name}`) ?? [];
  const odd = given.find((one) => !Number.isFinite(one));
  if (odd !== undefined) refuseOperator(`activation_${name} has a ${odd}`);
  let next = 0;
  const read = activations.map((type, i): Record<string, number> => {
    const parameters: { alpha?: number | null; beta?: number | null } = activationParameters[type];
    if (parameters[name] === undefined) return {};
    const value = given[next];
    if (given.length === activations.length && value !== given[i])
      refuseOperator(
        `activation_${name} has one for every activation, though ${type} is not the first to take one`,
      );
    next++;
    const one =
      value ?? parameters[name] ?? refuseOperator(`${type} without activation_${name}: ONNX has no default`);
    return { [name]: one };
  });
  if (given.length > next && given.length !== activations.length)
    refuseOperator(`activation_${name} has ${given.length} numbers, its activations take ${next}`);
  return read;
}
