import { referenceStep, type CellState } from '../cells/reference-step.ts';
import { findCell } from '../cells/registry.ts';
import { cellOptionsOf } from '../network/layers/recurrent/cell-options.ts';
import type { ProgramSpec } from '../network/layers/operator-graph/schema.ts';
import type { RecurrentSpec } from '../network/layers/recurrent/schema.ts';
import type { Operand } from './operand.ts';
import type { Preparing, Sweep } from './operator.ts';
import { prepareProgram } from './prepare-operators.ts';
import { recurrentDirections, type DirectionParts } from './recurrent-weights.ts';

/** The recurrent operators of a program, in float64. */
export const referenceSweeps: Preparing['sweeps'] = (operator, read) => {
  const { inner, directions } = recurrentDirections(operator, read);
  return directions.map(({ layer, parts }) => createSweep(layer, inner, parts));
};

function createSweep(layer: RecurrentSpec, inner: number, parts: DirectionParts): Sweep {
  const { units } = layer;
  const cell = findCell(layer);
  const step = referenceStep(cell);
  const options = cellOptionsOf(layer, 'forward');
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
        const own = row * units;
        let state: CellState = {
          h: Float64Array.from(h.subarray(own, own + units)),
          c: Float64Array.from(c.subarray(own, own + units)),
        };
        for (let t = 0; t < steps; t++) {
          const at = t * rows + row;
          state = step(weights, x.subarray(at * inner, (at + 1) * inner), state, options);
          y.set(state.h, at * units);
        }
        h.set(state.h, own);
        c.set(state.c, own);
      }
    },
  };
}

/**
 * A program over one sequence in float64. x [steps][width], or ids
 * @returns [steps][units]; a program that answers once does so in the last row
 */
export function referenceProgram(
  layer: ProgramSpec,
  tensor: (name: string) => Float32Array,
  x: readonly ArrayLike<number>[],
  sweeps: Preparing['sweeps'],
): Float64Array[] {
  const { units, runs, output: gives } = layer;
  const how = { product: () => null, sweeps, floats: Float64Array };
  const constant = (name: string): Operand => {
    const shape = layer.constants[name]!;
    return { kind: 'float', shape, values: Float64Array.from(tensor(name)), known: true };
  };
  const steps = runs === 'step' ? 1 : x.length;
  const { input, states, output, run } = prepareProgram(layer, steps, how, constant);
  if (runs === 'sequence') {
    input.values.set(x.flatMap((row) => Array.from(row)));
    run();
    return x.map((_, t) =>
      gives.gives === 'step'
        ? Float64Array.from(output.values.subarray(t * units, (t + 1) * units))
        : t === x.length - 1
          ? Float64Array.from(output.values)
          : new Float64Array(units),
    );
  }
  const own = layer.input.context;
  layer.states.forEach(({ start }, i) => start !== undefined && states[i]!.from.values.set(tensor(start)));
  return x.map((row) => {
    input.values.copyWithin(0, input.values.length - own);
    input.values.set(Array.from(row), own);
    run();
    const answer = Float64Array.from(output.values);
    const handed = states.map(({ to }) => to.values.slice());
    states.forEach(({ from }, i) => from.values.set(handed[i]!));
    return answer;
  });
}
