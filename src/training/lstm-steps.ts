import { panelsFor } from '../kernel/emit/emitter.ts';
import { lstmKeptCell } from '../kernel/emit/keep-gates.ts';
import { emitLstmBackward } from '../kernel/emit/lstm-backward.ts';
import { recurrentOrder } from '../kernel/pack.ts';
import type { DirectionTensors } from '../network/graph.ts';
import type { CellSteps } from './cell-steps.ts';
import type { BuildContext } from './layer.ts';
import { createMatrix } from './matrix.ts';

export function lstmSteps(context: BuildContext, names: DirectionTensors, units: number): CellSteps {
  const order = recurrentOrder(lstmKeptCell, units);
  const fromState = createMatrix(
    context,
    { weight: names.weightHh, bias: names.biasHh },
    { inner: units, order },
  );
  const stepBack = emitLstmBackward(context.e);
  return {
    cell: lstmKeptCell,
    order,
    parameters: fromState.parameters,
    weight: fromState.weight.address,
    recurrentBias: (column) => fromState.bias.values[column]!,
    apart: Infinity,
    carriesH: false,
    gateNames: ['input', 'forget', 'candidate', 'output'],
    load: (weights) => fromState.load(weights),
    save: (weights) => fromState.save(weights),
    refresh: () => fromState.refresh(),
    back(functions, { gates, kept, cBefore, dy, dh, carry, rows }) {
      functions[stepBack]!(gates, kept, cBefore, dy, dh, carry, rows * panelsFor(units));
      fromState.multiplyBack(functions, gates, dh, rows);
    },
    accumulate(functions, { gates, before, packed }) {
      fromState.accumulate(functions, before.address, gates.address, packed);
    },
  };
}
