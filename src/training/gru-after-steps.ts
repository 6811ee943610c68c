import { panelsFor } from '../kernel/emit/emitter.ts';
import { emitGruBackward } from '../kernel/emit/gru-backward.ts';
import { gruResetAfterKeptCell } from '../kernel/emit/keep-gates.ts';
import { recurrentOrder } from '../kernel/pack.ts';
import type { DirectionTensors } from '../network/graph.ts';
import type { CellSteps } from './cell-steps.ts';
import type { BuildContext } from './layer.ts';
import { createMatrix } from './matrix.ts';

/** Reset after the product: the gradients of R h + b differ from those of W x + b in the candidate. */
export function gruAfterSteps(context: BuildContext, names: DirectionTensors, units: number): CellSteps {
  const order = recurrentOrder(gruResetAfterKeptCell, units);
  const columns = order.length;
  const fromState = createMatrix(
    context,
    { weight: names.weightHh, bias: names.biasHh },
    { inner: units, order },
  );
  const stepBack = emitGruBackward(context.e);
  const dState = context.allocate(context.capacity.packed * columns);
  return {
    cell: gruResetAfterKeptCell,
    order,
    parameters: fromState.parameters,
    weight: fromState.weight.address,
    recurrentBias: (column) => fromState.bias.values[column]!,
    apart: 2 * units,
    carriesH: true,
    gateNames: ['reset', 'update', 'candidate'],
    load: (weights) => fromState.load(weights),
    save: (weights) => fromState.save(weights),
    refresh: () => fromState.refresh(),
    back(functions, { gates, kept, before, dy, dh, carry, first, rows }) {
      const back = dState.address + first * columns * 4;
      functions[stepBack]!(gates, kept, before, dy, dh, carry, back, rows * panelsFor(units));
      fromState.multiplyBack(functions, back, dh, rows);
    },
    accumulate(functions, { before, packed }) {
      fromState.accumulate(functions, before.address, dState.address, packed);
    },
  };
}
