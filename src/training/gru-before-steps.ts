import { padded } from '../kernel/emit/emitter.ts';
import { emitGruBeforeBackward, emitGruBeforeReset } from '../kernel/emit/gru-before-backward.ts';
import { gruResetBeforeKeptCell } from '../kernel/emit/keep-gates.ts';
import { recurrentOrder } from '../kernel/pack.ts';
import type { DirectionTensors } from '../network/graph.ts';
import type { CellSteps } from './cell-steps.ts';
import type { Block, BuildContext } from './layer.ts';
import { createMatrix } from './matrix.ts';

/**
 * Reset before the product: the candidate's product reads r·h, so on the way back it stands between the gradients of the
 * candidate and of the reset gate. Its rows of the recurrent matrix are a matrix of their own, right behind the others'.
 */
export function gruBeforeSteps(context: BuildContext, names: DirectionTensors, units: number): CellSteps {
  const { e, allocate, capacity } = context;
  const width = padded(units);
  const order = recurrentOrder(gruResetBeforeKeptCell, units);
  const ofGates = order.subarray(0, 2 * width);
  const ofCandidate = order.subarray(2 * width);
  const weights = allocate(units * order.length);
  const part = (from: number, to: number): Block => ({
    address: weights.address + from * units * 4,
    values: weights.values.subarray(from * units, to * units),
  });
  const tensors = { weight: names.weightHh, bias: names.biasHh };
  const rows = 3 * units;
  const gateMatrix = createMatrix(
    context,
    tensors,
    { inner: units, order: ofGates },
    { part: { name: 'gates', rows, weight: part(0, 2 * width) } },
  );
  const candidateMatrix = createMatrix(
    context,
    tensors,
    { inner: units, order: ofCandidate },
    { part: { name: 'candidate', rows, weight: part(2 * width, 3 * width) } },
  );
  const both = [gateMatrix, candidateMatrix];
  const beforeReset = emitGruBeforeBackward(e, units);
  const afterReset = emitGruBeforeReset(e, units);
  const dCandidate = allocate(capacity.packed * width);
  const dGates = allocate(capacity.packed * 2 * width);
  const dReset = allocate(capacity.rows * width);

  return {
    cell: gruResetBeforeKeptCell,
    order,
    parameters: both.flatMap(({ parameters }) => parameters),
    weight: weights.address,
    recurrentBias: (column) =>
      column < 2 * width ? gateMatrix.bias.values[column]! : candidateMatrix.bias.values[column - 2 * width]!,
    apart: Infinity,
    carriesH: true,
    gateNames: ['reset', 'update', 'candidate'],
    load: (from) => both.forEach((matrix) => matrix.load(from)),
    save: (to) => both.forEach((matrix) => matrix.save(to)),
    refresh: () => both.forEach((matrix) => matrix.refresh()),
    back(functions, { gates, before, dy, dh, carry, first, rows: count }) {
      const dn = dCandidate.address + first * width * 4;
      const dSums = dGates.address + first * 2 * width * 4;
      functions[beforeReset]!(gates, before, dy, dh, carry, dn, count);
      candidateMatrix.multiplyBack(functions, dn, dReset.address, count);
      functions[afterReset]!(gates, before, dReset.address, carry, dSums, count);
      gateMatrix.multiplyBack(functions, dSums, dh, count);
    },
    accumulate(functions, { before, kept, packed }) {
      gateMatrix.accumulate(functions, before.address, dGates.address, packed);
      candidateMatrix.accumulate(functions, kept.address, dCandidate.address, packed);
    },
  };
}
