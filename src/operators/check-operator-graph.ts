import { findCell } from '../cells/registry.ts';
import { UnrollError } from '../errors.ts';
import { getBodies } from './get-bodies.ts';
import type { BodySpec, OperatorGraph } from './spec.ts';
import { invalidOperator, type Operand } from './operand.ts';
import type { PrepareContext } from './operator.ts';
import { prepareGraph } from './prepare-graph.ts';
import { readRecurrentDirections } from './recurrent-weights.ts';

/** Lengths that a program over sequences is tried at, until one fits: windows may need many steps. */
const triedSteps = [97, 1, 4096] as const;

/** Only shapes are asked for: the sweeps of a program that nobody runs. */
export const shapesOnly: Pick<PrepareContext, 'product' | 'sweeps'> = {
  product: () => null,
  sweeps: (operator, read) => {
    const { directions } = readRecurrentDirections(operator, read);
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
export function checkOperatorGraph(layer: OperatorGraph, constant: (name: string) => Operand): void {
  checkNames(layer);
  for (const { start, shape, input } of layer.states)
    if (
      start !== undefined &&
      (!Object.hasOwn(layer.constants, start) || layer.constants[start]!.join() !== shape.join())
    )
      invalidOperator(
        `the state ${input} starts from ${JSON.stringify(start)}, which is no constant of [${shape.join(', ')}]`,
      );
  const lengths =
    layer.runs === 'step' ? [1] : layer.input.steps !== undefined ? [layer.input.steps] : triedSteps;
  let failure: UnrollError | null = null;
  for (const steps of lengths)
    try {
      prepareGraph(layer, steps, { ...shapesOnly, floats: Float32Array }, constant);
      return;
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure ??= error;
    }
  throw failure!;
}

/** Every value comes from one place: what is packed for an operator is found by the name of what it gives. */
function checkNames(layer: OperatorGraph): void {
  const given = new Set<string>();
  const give = (name: string): void => {
    if (name !== '' && given.has(name)) invalidOperator(`${JSON.stringify(name)} is given twice`);
    given.add(name);
  };
  const walk = ({ operators, inputs }: Pick<BodySpec, 'operators' | 'inputs'>): void => {
    inputs.forEach(give);
    for (const operator of operators) {
      operator.outputs.forEach(give);
      getBodies(operator).forEach(walk);
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
