import { panelsFor } from '../kernel/emit/emitter.ts';
import { rnnKeptCell } from '../kernel/emit/keep-gates.ts';
import { emitRnnBackward } from '../kernel/emit/rnn-backward.ts';
import { recurrentOrder } from '../kernel/pack.ts';
import type { DirectionTensors } from '../network/graph.ts';
import type { CellSteps } from './cell-steps.ts';
import type { BuildContext } from './layer.ts';
import { createMatrix } from './matrix.ts';

export function rnnSteps(
  context: BuildContext,
  names: DirectionTensors,
  { units, activation }: { units: number; activation: 'tanh' | 'relu' },
): CellSteps {
  const cell = rnnKeptCell(activation);
  const order = recurrentOrder(cell, units);
  const fromState = createMatrix(
    context,
    { weight: names.weightHh, bias: names.biasHh },
    { inner: units, order },
  );
  const stepBack = emitRnnBackward(context.e, activation);
  return {
    cell,
    order,
    parameters: fromState.parameters,
    weight: fromState.weight.address,
    recurrentBias: (column) => fromState.bias.values[column]!,
    apart: Infinity,
    carriesH: false,
    gateNames: [activation],
    load: (weights) => fromState.load(weights),
    save: (weights) => fromState.save(weights),
    refresh: () => fromState.refresh(),
    back(functions, { gates, dy, dh, rows }) {
      functions[stepBack]!(gates, dy, dh, rows * panelsFor(units));
      fromState.multiplyBack(functions, gates, dh, rows);
    },
    accumulate(functions, { gates, before, packed }) {
      fromState.accumulate(functions, before.address, gates.address, packed);
    },
  };
}
