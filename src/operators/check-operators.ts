import { findCell } from '../cells/registry.ts';
import { UnrollError } from '../errors.ts';
import { bodiesOf } from './bodies-of.ts';
import type { BodySpec } from './spec.ts';
import type { ProgramSpec } from '../network/layers/operator-graph/schema.ts';
import { refuseOperator, type Operand } from './operand.ts';
import type { Preparing } from './operator.ts';
import { prepareProgram } from './prepare-operators.ts';
import { recurrentDirections } from './recurrent-weights.ts';

/** Lengths that a program over sequences is tried at, until one fits: windows may need many steps. */
const triedSteps = [97, 1, 4096] as const;

/** Only shapes are asked for: the sweeps of a program that nobody runs. */
export const shapesOnly: Pick<Preparing, 'product' | 'sweeps'> = {
  product: () => null,
  sweeps: (operator, read) => {
    const { directions } = recurrentDirections(operator, read);
    return directions.map(({ layer }) => ({
      units: layer.units,
      hasCellState: findCell(layer).states.includes('c'),
      run: () => {},
    }));
  },
};

/**
 * Makes a program ready once, so that what does not fit shows when a model is loaded.
 * @throws UnrollError invalid_model, naming the operator
 */
export function checkProgram(layer: ProgramSpec, constant: (name: string) => Operand): void {
  checkNames(layer);
  for (const { start, shape, input } of layer.states)
    if (
      start !== undefined &&
      (!Object.hasOwn(layer.constants, start) || layer.constants[start]!.join() !== shape.join())
    )
      refuseOperator(
        `the state ${input} starts from ${JSON.stringify(start)}, which is no constant of [${shape.join(', ')}]`,
      );
  const lengths =
    layer.runs === 'step' ? [1] : layer.input.steps !== undefined ? [layer.input.steps] : triedSteps;
  let failure: UnrollError | null = null;
  for (const steps of lengths)
    try {
      prepareProgram(layer, steps, { ...shapesOnly, floats: Float32Array }, constant);
      return;
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure ??= error;
    }
  throw failure!;
}

/** Every value comes from one place: what is packed for an operator is found by the name of what it gives. */
function checkNames(layer: ProgramSpec): void {
  const given = new Set<string>();
  const give = (name: string): void => {
    if (name !== '' && given.has(name)) refuseOperator(`${JSON.stringify(name)} is given twice`);
    given.add(name);
  };
  const walk = ({ operators, inputs }: Pick<BodySpec, 'operators' | 'inputs'>): void => {
    inputs.forEach(give);
    for (const operator of operators) {
      operator.outputs.forEach(give);
      bodiesOf(operator).forEach(walk);
    }
  };
  const { input, states, constants, wholeConstants, operators } = layer;
  walk({
    inputs: [
      input.value,
      ...states.map((state) => state.input),
      ...Object.keys(constants),
      ...Object.keys(wholeConstants),
    ],
    operators,
  });
}
