import { padded, panelsFor } from '../kernel/emit/emitter.ts';
import { emitGruBackward } from '../kernel/emit/gru-backward.ts';
import { gruResetAfterKeptCell, lstmKeptCell } from '../kernel/emit/keep-gates.ts';
import { emitLstmBackward } from '../kernel/emit/lstm-backward.ts';
import { emitSweep, sweepScratch } from '../kernel/emit/recurrent.ts';
import { recurrentOrder } from '../kernel/pack.ts';
import type { DirectionTensors } from '../network/graph.ts';
import { activeRows } from '../network/layers/layer.ts';
import type { Block, BuildContext, LearningLayer, Pass } from './layer.ts';
import { createMatrix } from './matrix.ts';

/**
 * An LSTM, or a GRU with reset after the product, with backpropagation through the whole batch. The state after a batch
 * is where the next one starts unless `reset` is called; no gradient flows across (truncated backpropagation).
 */
export function learningRecurrent(
  context: BuildContext,
  names: DirectionTensors,
  shape: { cell: 'lstm' | 'gru'; inner: number; units: number },
): LearningLayer {
  const { e, allocate, capacity } = context;
  const { inner, units } = shape;
  const isLstm = shape.cell === 'lstm';
  const cell = isLstm ? lstmKeptCell : gruResetAfterKeptCell;
  const order = recurrentOrder(cell, units);
  const columns = order.length;
  const width = padded(units);

  const fromInput = createMatrix(context, { weight: names.weightIh, bias: names.biasIh }, { inner, order });
  const fromState = createMatrix(
    context,
    { weight: names.weightHh, bias: names.biasHh },
    { inner: units, order },
  );
  // what the sweep adds: both biases of a gate at once, but a GRU's candidate has its recurrent bias inside the reset
  const together = allocate(columns);
  const candidateBias = allocate(width);

  const sweep = emitSweep(e, cell, units);
  const stepBack = isLstm ? emitLstmBackward(e) : emitGruBackward(e);
  const scratch = allocate(sweepScratch(cell, units, capacity.rows) / 4);

  const gates = allocate(capacity.packed * columns);
  const before = allocate(capacity.packed * width);
  const h = allocate(capacity.packed * width);
  /** LSTM: c before the first step, then c' of every step. GRU: R_n h + b_n of every step, in the same places. */
  const kept = allocate((capacity.rows + capacity.packed) * width);
  const carriedH = new Float32Array(capacity.rows * width);
  const carriedC = new Float32Array(capacity.rows * width);
  /** ∂L/∂(R h + b); for an LSTM the same as ∂L/∂(W x + b). */
  const dState = isLstm ? gates : allocate(capacity.packed * columns);
  const dh = allocate(capacity.rows * width);
  const dCarry = allocate(capacity.rows * width);
  const dx = allocate(capacity.packed * padded(inner));
  let x: Block = dx;

  const row = (index: number): number => index * width;
  /** Where `kept` holds what belongs to the state before step t. */
  const keptBefore = ({ plan }: Pass, t: number): number =>
    t === 0 ? 0 : row(capacity.rows + plan.offsets[t - 1]!);
  const at = (block: Block, float: number): number => block.address + float * 4;

  const refresh = (): void => {
    fromInput.refresh();
    fromState.refresh();
    order.forEach((gateRow, column) => {
      const apart = !isLstm && gateRow >= 2 * units;
      const recurrent = fromState.bias.values[column]!;
      together.values[column] = fromInput.bias.values[column]! + (apart ? 0 : recurrent);
      if (apart) candidateBias.values[gateRow - 2 * units] = recurrent;
    });
  };

  /** Leaves every sequence's last h and c where the next batch starts. */
  const carry = ({ plan }: Pass): void => {
    for (let t = 0; t < plan.steps; t++) {
      const first = row(plan.offsets[t]!);
      const end = row(plan.offsets[t + 1]!);
      const c = row(capacity.rows);
      carriedH.set(h.values.subarray(first, end));
      carriedC.set(kept.values.subarray(c + first, c + end));
    }
  };

  return {
    width: units,
    parameters: [...fromInput.parameters, ...fromState.parameters],
    refresh,
    load(weights) {
      fromInput.load(weights);
      fromState.load(weights);
      refresh();
    },
    save(weights) {
      fromInput.save(weights);
      fromState.save(weights);
    },
    reset() {
      carriedH.fill(0);
      carriedC.fill(0);
    },
    forward(pass, input) {
      const { functions, plan, packed } = pass;
      x = input;
      kept.values.set(carriedC);
      fromInput.multiply(functions, x.address, gates.address, packed, together.address);
      for (let t = 0; t < plan.steps; t++) {
        const first = plan.offsets[t]!;
        const rows = activeRows(plan, t);
        const from = t === 0 ? carriedH : h.values;
        const fromRow = t === 0 ? 0 : row(plan.offsets[t - 1]!);
        before.values.set(from.subarray(fromRow, fromRow + row(rows)), row(first));
        const c = row(capacity.rows + first);
        if (isLstm) kept.values.copyWithin(c, keptBefore(pass, t), keptBefore(pass, t) + row(rows));
        functions[sweep]!(
          at(gates, first * columns),
          at(before, row(first)),
          at(h, row(first)),
          at(kept, c),
          fromState.weight.address,
          candidateBias.address,
          scratch.address,
          rows,
          1,
          t & 1,
        );
      }
      carry(pass);
      return h;
    },
    backward(pass, dy) {
      const { functions, plan, packed } = pass;
      dh.values.fill(0);
      dCarry.values.fill(0);
      for (let t = plan.steps - 1; t >= 0; t--) {
        const first = plan.offsets[t]!;
        const rows = activeRows(plan, t);
        const groups = rows * panelsFor(units);
        const ofGates = at(gates, first * columns);
        const ofKept = at(kept, row(capacity.rows + first));
        const ofDy = at(dy, row(first));
        const dSums = at(dState, first * columns);
        if (isLstm)
          functions[stepBack]!(
            ofGates,
            ofKept,
            at(kept, keptBefore(pass, t)),
            ofDy,
            dh.address,
            dCarry.address,
            groups,
          );
        else
          functions[stepBack]!(
            ofGates,
            ofKept,
            at(before, row(first)),
            ofDy,
            dh.address,
            dCarry.address,
            dSums,
            groups,
          );
        if (t > 0) fromState.multiplyBack(functions, dSums, dh.address, rows);
      }
      fromInput.accumulate(functions, x.address, gates.address, packed);
      fromState.accumulate(functions, before.address, dState.address, packed);
      fromInput.multiplyBack(functions, gates.address, dx.address, packed);
      return dx;
    },
  };
}
