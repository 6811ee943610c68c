import { shapesOnly } from '../../operators/check-operator-graph.ts';
import { elementCount } from '../../operators/operand.ts';
import { numberAttribute, type PrepareContext } from '../../operators/operator.ts';
import { prepareGraphUnchecked } from '../../operators/prepare-graph.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import { invalidModel } from '../format-errors.ts';

/** Sequence lengths that show how the output grows with the steps: primes, longer than most windows. */
const sampleSteps = [97, 89] as const;

/**
 * Infers the width of an operator graph's output, and whether there is one per step or per sequence, from its
 * shapes.
 * @throws UnrollError invalid_model
 */
export function inferOutput(
  draft: OperatorGraphSpec,
  floats: ReadonlyMap<string, Tensor>,
): OperatorGraphSpec {
  const { runs, input, output } = draft;
  const { value } = output;
  const perStep = (units: number): OperatorGraphSpec => ({
    ...draft,
    units,
    output: { value, gives: 'step' },
  });
  const perSequence = (shape: readonly number[]): OperatorGraphSpec => {
    const rows = countRows(shape);
    return {
      ...draft,
      units: elementCount(shape),
      output: { value, gives: 'sequence', ...(rows > 1 && { rows }) },
    };
  };
  const shapeFor = (steps: number): readonly number[] =>
    prepareGraphUnchecked(
      draft,
      steps,
      { floats: Float32Array, ...shapesOnly, sweeps: createSweeps(steps) },
      (name) => ({
        kind: 'float',
        ...floats.get(name)!,
        known: true,
      }),
    ).output.shape;
  if (runs === 'step') return perStep(elementCount(shapeFor(1)));
  if (input.steps !== undefined) {
    const shape = shapeFor(input.steps);
    const isPerStep = shape.slice(0, -1).includes(input.steps) && (input.steps > 1 || countRows(shape) === 1);
    return isPerStep ? perStep(elementCount(shape) / input.steps) : perSequence(shape);
  }
  const [steps, otherSteps] = sampleSteps;
  const [shape, otherShape] = [shapeFor(steps), shapeFor(otherSteps)];
  const [one, other] = [elementCount(shape), elementCount(otherShape)];
  if (one === other) return perSequence(shape);
  const units = one / steps;
  if (!Number.isInteger(units) || other / otherSteps !== units)
    invalidModel(
      `the output has ${one} numbers for ${steps} steps and ${other} for ${otherSteps}: must be the same number per step, or per sequence`,
    );
  return perStep(units);
}

/** The rows of an output [1, rows, columns]; other shapes are one row. */
const countRows = (shape: readonly number[]): number =>
  shape.length === 3 && shape[0] === 1 ? shape[1]! : 1;

/**
 * Shape inference of recurrent operators. Refuses a sequence along the batch axis: it was read along the
 * wrong axis.
 */
const createSweeps =
  (steps: number): PrepareContext['sweeps'] =>
  (operator, read) => {
    const [first, second] = read[0]!.shape;
    const [along, beside] = numberAttribute(operator, 'layout', 0) === 1 ? [second, first] : [first, second];
    if (along === 1 && beside === steps && steps > 1)
      invalidModel('the steps are along the operator’s batch axis');
    return shapesOnly.sweeps(operator, read);
  };
