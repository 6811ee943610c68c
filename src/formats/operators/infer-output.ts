import { shapesOnly } from '../../operators/check-operator-graph.ts';
import { elementCount } from '../../operators/operand.ts';
import { numberAttribute, type PrepareContext } from '../../operators/operator.ts';
import { prepareGraphUnchecked } from '../../operators/prepare-graph.ts';
import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import { invalidModel } from '../format-errors.ts';

/** Lengths that tell how a sequence's answer grows: longer than most windows, and no multiples of anything. */
const sampleSteps = [97, 89] as const;

/** How many numbers a program answers with, and when, told by making it ready. @throws UnrollError invalid_model */
export function inferOutput(draft: ProgramSpec, floats: ReadonlyMap<string, Tensor>): ProgramSpec {
  const { runs, input, output } = draft;
  const { value } = output;
  const eachStep = (units: number): ProgramSpec => ({ ...draft, units, output: { value, gives: 'step' } });
  const once = (shape: readonly number[]): ProgramSpec => {
    const rows = rowsOf(shape);
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
      { floats: Float32Array, ...shapesOnly, sweeps: sweepsOf(steps) },
      (name) => ({
        kind: 'float',
        ...floats.get(name)!,
        known: true,
      }),
    ).output.shape;
  if (runs === 'step') return eachStep(elementCount(shapeFor(1)));
  if (input.steps !== undefined) {
    const shape = shapeFor(input.steps);
    const each = shape.slice(0, -1).includes(input.steps) && (input.steps > 1 || rowsOf(shape) === 1);
    return each ? eachStep(elementCount(shape) / input.steps) : once(shape);
  }
  const [steps, otherSteps] = sampleSteps;
  const [shape, otherShape] = [shapeFor(steps), shapeFor(otherSteps)];
  const [one, other] = [elementCount(shape), elementCount(otherShape)];
  if (one === other) return once(shape);
  const units = one / steps;
  if (!Number.isInteger(units) || other / otherSteps !== units)
    invalidModel(
      `it gives ${one} numbers for ${steps} steps and ${other} for ${otherSteps}: must be as many for each step, or for the sequence`,
    );
  return eachStep(units);
}

/** Of an answer [1, rows, columns]; any other is one row. */
const rowsOf = (shape: readonly number[]): number => (shape.length === 3 && shape[0] === 1 ? shape[1]! : 1);

/** Shapes alone; and a sequence that lies along the batch is one that was read along the wrong axis. */
const sweepsOf =
  (steps: number): PrepareContext['sweeps'] =>
  (operator, read) => {
    const [first, second] = read[0]!.shape;
    const [along, beside] = numberAttribute(operator, 'layout', 0) === 1 ? [second, first] : [first, second];
    if (along === 1 && beside === steps && steps > 1)
      invalidModel('its steps are what the operator takes for a batch');
    return shapesOnly.sweeps(operator, read);
  };
