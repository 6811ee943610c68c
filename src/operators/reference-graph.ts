import { referenceStep, type CellState } from '../cells/reference-step.ts';
import { findCell } from '../cells/registry.ts';
import { getCellOptions } from '../cells/recurrent-options.ts';
import type { RecurrentFields } from '../cells/recurrent-fields.ts';
import type { OperatorGraph } from './spec.ts';
import type { Operand } from './operand.ts';
import type { PrepareContext, RecurrentSweep } from './operator.ts';
import { prepareGraph } from './prepare-graph.ts';
import { answerOfStep } from './row-count.ts';
import { readRecurrentDirections, type DirectionTensors } from './recurrent-weights.ts';

/** The recurrent operators of a graph, in float64. */
export const referenceSweeps: PrepareContext['sweeps'] = (operator, inputs) => {
  const { inner, directions } = readRecurrentDirections(operator, inputs);
  return directions.map(({ layer, parts }) => createSweep(layer, inner, parts));
};

function createSweep(layer: RecurrentFields, inner: number, parts: DirectionTensors): RecurrentSweep {
  const { units } = layer;
  const cell = findCell(layer);
  const step = referenceStep(cell);
  const options = getCellOptions(layer, 'forward');
  const weights = {
    weightIh: parts.weight_ih.values,
    weightHh: parts.weight_hh.values,
    biasIh: parts.bias_ih.values,
    biasHh: parts.bias_hh.values,
    ...(parts.peephole && { peephole: parts.peephole.values }),
  };
  return {
    units,
    hasCellState: cell.states.includes('c'),
    run(x, y, h, c, steps, rows) {
      for (let row = 0; row < rows; row++) {
        const first = row * units;
        let state: CellState = {
          h: Float64Array.from(h.subarray(first, first + units)),
          c: Float64Array.from(c.subarray(first, first + units)),
        };
        for (let t = 0; t < steps; t++) {
          const at = t * rows + row;
          state = step(weights, x.subarray(at * inner, (at + 1) * inner), state, options);
          y.set(state.h, at * units);
        }
        h.set(state.h, first);
        c.set(state.c, first);
      }
    },
  };
}

/**
 * Runs a graph over one sequence in float64. x [steps][width], or ids
 * @returns [steps][units]; the output of a graph with one output for the sequence is in the last row
 */
export function referenceGraph(
  graph: OperatorGraph,
  tensor: (name: string) => Float32Array,
  x: readonly ArrayLike<number>[],
  sweeps: PrepareContext['sweeps'],
): Float64Array[] {
  const { units, runs } = graph;
  const context = { product: () => null, sweeps, floats: Float64Array };
  const constant = (name: string): Operand => {
    const shape = graph.constants[name]!;
    return { kind: 'float', shape, values: Float64Array.from(tensor(name)), known: true };
  };
  const steps = runs === 'step' ? 1 : x.length;
  const { input, states, output, run } = prepareGraph(graph, steps, context, constant);
  if (runs === 'sequence') {
    input.values.set(x.flatMap((row) => Array.from(row)));
    run();
    return x.map((_, t) => {
      const row = answerOfStep(graph.output, t, x.length);
      return row < 0
        ? new Float64Array(units)
        : Float64Array.from(output.values.subarray(row * units, (row + 1) * units));
    });
  }
  const { context: kept } = graph.input;
  graph.states.forEach(({ start }, i) => start !== undefined && states[i]!.from.values.set(tensor(start)));
  return x.map((row) => {
    input.values.copyWithin(0, input.values.length - kept);
    input.values.set(Array.from(row), kept);
    run();
    const result = Float64Array.from(output.values);
    const next = states.map(({ to }) => to.values.slice());
    states.forEach(({ from }, i) => from.values.set(next[i]!));
    return result;
  });
}
