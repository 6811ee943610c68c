import { findCell } from '../cells/registry.ts';
import { UnrollError } from '../errors.ts';
import { getBodies } from './get-bodies.ts';
import type { BodySpec, OperatorGraph, OperatorSpec } from './spec.ts';
import { invalidOperator, type Operand } from './operand.ts';
import type { PrepareContext } from './operator.ts';
import { prepareGraph } from './prepare-graph.ts';
import { readRecurrentDirections } from './recurrent-weights.ts';

/** Lengths at which a graph over sequences is prepared until one fits: windows may need many steps. */
const triedLengths = [97, 1, 4096] as const;

/** Products and sweeps of a graph that is only prepared for its shapes and never run. */
const shapesOnly: Pick<PrepareContext, 'product' | 'sweeps'> = {
  product: () => null,
  sweeps: (operator, inputs) => {
    const { directions } = readRecurrentDirections(operator, inputs);
    return directions.map(({ layer }) => ({
      units: layer.units,
      hasCellState: findCell(layer).states.includes('c'),
      run: () => {},
    }));
  },
};

/**
 * Prepares a graph once, so that an invalid one fails when its model is loaded.
 * @throws UnrollError invalid_model, naming the operator
 */
export function checkOperatorGraph(graph: OperatorGraph, constant: (name: string) => Operand): void {
  checkNames(
    [
      graph.input.value,
      ...graph.states.map((state) => state.input),
      ...Object.keys(graph.constants),
      ...Object.keys(graph.wholeConstants),
    ],
    graph.operators,
  );
  for (const { start, shape, input } of graph.states)
    if (
      start !== undefined &&
      (!Object.hasOwn(graph.constants, start) || graph.constants[start]!.join() !== shape.join())
    )
      invalidOperator(
        `states: ${input} starts from ${JSON.stringify(start)}, which is not a constant of shape [${shape.join(', ')}]`,
      );
  const lengths =
    graph.runs === 'step' ? [1] : graph.input.steps !== undefined ? [graph.input.steps] : triedLengths;
  let failure: UnrollError | null = null;
  for (const steps of lengths)
    try {
      prepareGraph(graph, steps, { ...shapesOnly, floats: Float32Array }, constant);
      return;
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure ??= error;
    }
  throw failure!;
}

/**
 * Checks that every value is defined once: packed weights are found by the name of their operator's output.
 * @param given the graph's inputs and constants
 * @throws UnrollError invalid_model
 */
export function checkNames(given: readonly string[], operators: readonly OperatorSpec[]): void {
  const defined = new Set<string>();
  const define = (name: string): void => {
    if (name !== '' && defined.has(name))
      invalidOperator(`the value ${JSON.stringify(name)} is defined twice`);
    defined.add(name);
  };
  const walk = (body: Pick<BodySpec, 'operators' | 'inputs'>): void => {
    body.inputs.forEach(define);
    for (const operator of body.operators) {
      operator.outputs.forEach(define);
      getBodies(operator).forEach(walk);
    }
  };
  walk({ inputs: given, operators });
}
