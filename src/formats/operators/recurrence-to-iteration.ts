import { cellOfOperator } from '../../cells/registry.ts';
import { numberAttribute, textAttribute } from '../../operators/operator.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
import type { LoopIteration } from './loop-iteration.ts';
import { throwCrossStep, type SingleStepValues, type StepRole } from './step-roles.ts';

/** Whether a recurrent operator passes over masked steps (operators/recurrent.ts). */
export const isMaskedRecurrence = ({ operator, attributes }: OperatorSpec): boolean =>
  cellOfOperator(operator) !== undefined && attributes?.['masked'] !== undefined;

/**
 * A recurrent operator along the steps, forwards and from zeros, as one step with its states in and out. Batch
 * first: X [batch, steps, in], Y [batch, steps, 1, units], states [batch, 1, units].
 */
export function recurrenceToIteration(
  operator: OperatorSpec,
  role: (name: string) => StepRole,
  at: SingleStepValues,
): LoopIteration {
  const [x = '', w = '', r = '', b = '', mask = '', ...initial] = operator.inputs;
  const [y = '', ...ends] = operator.outputs;
  const alongSteps = (name: string): boolean => {
    const own = role(name);
    return own.kind === 'steps' && own.axis === 1;
  };
  const forward = textAttribute(operator, 'direction', 'forward') === 'forward';
  const plain = forward && numberAttribute(operator, 'layout', 0) === 1 && initial.every((one) => one === '');
  if (!plain || !alongSteps(x) || (mask !== '' && !alongSteps(mask))) throwCrossStep();
  const units = at.operand(r)?.shape[2] ?? throwCrossStep();
  const states = ends.map((output) => ({ input: `${output}:before`, output, start: `${output}:zeros` }));
  // a masked step repeats the row before it, which is h: from zeros, too
  const repeats = mask !== '' && textAttribute(operator, 'masked', 'zero') === 'repeat';
  const step: OperatorSpec = {
    ...operator,
    inputs: [x, w, r, b, mask, ...states.map(({ input }) => input)],
    outputs: [repeats ? '' : y, ...ends],
  };
  const row: OperatorSpec = {
    operator: 'Unsqueeze',
    inputs: [ends[0]!],
    outputs: [y],
    attributes: { axes: [1] },
  };
  return {
    operators: repeats ? [step, row] : [step],
    states,
    roles: [[y, { kind: 'steps', axis: 1 }], ...ends.map((end) => [end, { kind: 'final' }] as const)],
    constants: states.map(({ start }) => [
      start,
      { kind: 'float', shape: [1, 1, units], values: new Float64Array(units), known: true },
    ]),
  };
}
