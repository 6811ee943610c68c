import { findCell } from '../../../cells/registry.ts';
import { toRecordingCell } from '../../../cells/sweep.ts';
import { gatesWithProduct, type DirectionTensors } from '../../../cells/weights.ts';
import { padded } from '../../../kernel/layout.ts';
import { emitSweep, sweepScratch } from '../../../kernel/emit/sweep.ts';
import { inputOrder } from '../../../kernel/pack.ts';
import { getCellOptions } from '../../../cells/recurrent-options.ts';
import { activeRows } from '../layer.ts';
import type { RecurrentSpec } from './schema.ts';
import { gateRanges, gateStatistics } from './gate-statistics.ts';
import type { Block, BuildContext, GateStatistics, LearningRecurrent, Pass } from '../../learning/layer.ts';
import { createMatrix } from '../../learning/matrix.ts';
import { createRecurrentMatrix } from './recurrent-matrix.ts';

interface Shape {
  readonly layer: RecurrentSpec;
  readonly inner: number;
  readonly direction: 'forward' | 'backward';
}

/**
 * One direction of a recurrent layer, with backpropagation through the whole batch. Read forward, the state
 * after a batch is where the next one starts unless `reset` is called; no gradient flows across (truncated
 * backpropagation). Read backward, every sequence starts at its own last step. Recurrent dropout masks h in
 * the recurrent product only.
 */
export function learningRecurrent(
  context: BuildContext,
  name: string,
  names: DirectionTensors,
  { layer, inner, direction }: Shape,
): LearningRecurrent {
  const { e, allocate, capacity } = context;
  const { units } = layer;
  const width = padded(units);
  const rate = layer.recurrent_dropout;
  const cell = findCell(layer);
  const options = getCellOptions(layer, direction);
  const recording = toRecordingCell(cell, options);
  const order = inputOrder(recording, units);
  const columns = order.length;
  const hasC = cell.states.includes('c');
  const isForward = direction === 'forward';

  const fromState = createRecurrentMatrix(context, names, { cell, options, units });
  const fromInput = createMatrix(context, { weight: names.weightIh, bias: names.biasIh }, { inner, order });
  // the biases that the sweep adds: the sum of a gate's two, and those that stay separate
  const combinedBias = allocate(columns);
  const separateBias = allocate(width);
  const multiplied = gatesWithProduct(cell);
  const recurrentBias = new Float32Array(multiplied.length * units);
  const sweep = emitSweep(
    e,
    rate > 0
      ? { ...recording, name: `${recording.name}_separate_operand`, separateOperand: true }
      : recording,
    units,
  );
  const scratch = allocate(sweepScratch(recording, units, capacity.rows) / 4);

  const gates = allocate(capacity.packed * columns);
  const recorded = allocate(capacity.packed * width);
  const h = allocate(capacity.packed * width);
  const before = allocate(capacity.packed * width);
  const cBefore = hasC ? allocate(capacity.packed * width) : before;
  /** The product's input: h of the step, masked by dropout. */
  const operand = rate > 0 ? allocate(capacity.packed * width) : before;
  const mask = new Float32Array(rate > 0 ? capacity.rows * width : 0);
  const start = {
    h: new Float32Array(capacity.rows * width),
    c: hasC ? new Float32Array(capacity.rows * width) : null,
  };
  const dh = allocate(capacity.rows * width);
  const carry = allocate(capacity.rows * width);
  const startGradient = {
    h: new Float32Array(capacity.rows * width),
    c: hasC ? new Float32Array(capacity.rows * width) : null,
  };
  const dx = allocate(capacity.packed * padded(inner));
  let x: Block = dx;
  let dropped = false;
  let statistics: GateStatistics[] = [];

  const at = (block: Block, float: number): number => block.address + float * 4;
  /** Steps in reading order. */
  const stepsInOrder = ({ plan }: Pass): number[] => {
    const steps = Array.from({ length: plan.steps }, (_, t) => t);
    return isForward ? steps : steps.reverse();
  };
  /** to[t's rows] ← from[the rows of the step read before], and where a sequence starts here, `first`'s. */
  const follow = (
    { plan }: Pass,
    t: number,
    from: Float32Array,
    first: Float32Array,
    to: Float32Array,
  ): void => {
    const previous = isForward ? t - 1 : t + 1;
    const rows = activeRows(plan, t);
    const going = previous < 0 || previous >= plan.steps ? 0 : Math.min(rows, activeRows(plan, previous));
    const target = plan.offsets[t]! * width;
    if (going > 0) {
      const source = plan.offsets[previous]! * width;
      to.set(from.subarray(source, source + going * width), target);
    }
    if (going < rows) to.set(first.subarray(going * width, rows * width), target + going * width);
  };

  const refresh = (): void => {
    fromInput.refresh();
    fromState.refresh();
    fromState.readBias(recurrentBias);
    order.forEach((row, column) => {
      if (row < 0) return;
      const gate = Math.floor(row / units);
      const unit = row % units;
      const product = multiplied.indexOf(gate);
      const recurrent = product < 0 ? 0 : recurrentBias[product * units + unit]!;
      const separate = cell.gates[gate]!.product === 'separate_bias';
      combinedBias.values[column] = fromInput.bias.values[column]! + (separate ? 0 : recurrent);
      if (separate) separateBias.values[unit] = recurrent;
    });
  };

  /**
   * Leaves every sequence's state after its last step, or after `carryAfter` of them, where the next batch
   * starts.
   */
  const carryOver = ({ plan, carryAfter }: Pass): void => {
    const last = Math.min(plan.steps, carryAfter) - 1;
    for (let t = 0; t <= last; t++) {
      const going = t < last ? activeRows(plan, t + 1) : 0;
      const rows = activeRows(plan, t);
      if (going === rows) continue;
      const [from, to] = [(plan.offsets[t]! + going) * width, (plan.offsets[t]! + rows) * width];
      start.h.set(h.values.subarray(from, to), going * width);
      start.c?.set(recorded.values.subarray(from, to), going * width);
    }
  };

  /** masked[t's rows] ← rows with the batch's mask. */
  const hide = ({ plan }: Pass, t: number, rows: Float32Array, masked: Float32Array): void => {
    const first = plan.offsets[t]! * width;
    const length = activeRows(plan, t) * width;
    for (let i = 0; i < length; i++) masked[first + i] = rows[first + i]! * mask[i]!;
  };

  return {
    width: units,
    parameters: [...fromInput.parameters, ...fromState.parameters],
    carried: isForward ? [start.h, ...(start.c ? [start.c] : [])] : [],
    start,
    startGradient,
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
      start.h.fill(0);
      start.c?.fill(0);
    },
    gateStatistics: () => statistics,

    forward(pass, [input]) {
      const { functions, plan, packed, random } = pass;
      x = input!;
      dropped = rate > 0 && random !== null;
      if (dropped)
        for (let i = 0; i < (plan.offsets[1] ?? 0) * width; i++)
          mask[i] = random!.next() < rate ? 0 : 1 / (1 - rate);
      fromInput.multiply(functions, x.address, gates.address, packed, combinedBias.address);
      for (const t of stepsInOrder(pass)) {
        const first = plan.offsets[t]! * width;
        follow(pass, t, h.values, start.h, before.values);
        if (start.c) {
          // the sweep's c in place: what was before, then what is after
          follow(pass, t, recorded.values, start.c, cBefore.values);
          recorded.values.set(cBefore.values.subarray(first, first + activeRows(plan, t) * width), first);
        }
        if (dropped) hide(pass, t, before.values, operand.values);
        functions[sweep]!(
          at(gates, plan.offsets[t]! * columns),
          at(before, first),
          at(h, first),
          at(recorded, first),
          fromState.weight,
          separateBias.address,
          scratch.address,
          activeRows(plan, t),
          1,
          t & 1,
          ...(rate > 0 ? [at(dropped ? operand : before, first)] : []),
        );
      }
      if (isForward) carryOver(pass);
      return h;
    },

    backward(pass, dy) {
      const { functions, plan, packed, flow } = pass;
      if (flow)
        statistics = gateStatistics(gateRanges(cell, options), gates.values, { packed, order, units });
      dh.values.fill(0);
      carry.values.fill(0);
      for (const t of stepsInOrder(pass).reverse()) {
        const first = plan.offsets[t]!;
        const rows = activeRows(plan, t);
        if (flow) noteFlow(pass, t, dy);
        fromState.back(functions, {
          gates: at(gates, first * columns),
          recorded: at(recorded, first * width),
          h: at(before, first * width),
          c: at(cBefore, first * width),
          dy: at(dy, first * width),
          dh: dh.address,
          carry: carry.address,
          first,
          rows,
        });
        if (dropped) for (let i = 0; i < rows * width; i++) dh.values[i] = dh.values[i]! * mask[i]!;
      }
      // every row has reached its first step
      const length = (plan.offsets[1] ?? 0) * width;
      for (let i = 0; i < length; i++) startGradient.h[i] = dh.values[i]! + (hasC ? 0 : carry.values[i]!);
      startGradient.c?.set(carry.values.subarray(0, length));
      fromInput.accumulate(functions, x.address, gates.address, packed);
      fromState.accumulate(functions, { gates, operand: dropped ? operand : before, recorded, packed });
      fromInput.multiplyBack(functions, gates.address, dx.address, packed);
      return [dx];
    },
  };

  /** The complete ∂L/∂h' of a step. */
  function noteFlow({ plan, flow }: Pass, t: number, dy: Block): void {
    for (let r = 0; r < activeRows(plan, t); r++) {
      let squared = 0;
      for (let k = 0; k < units; k++) {
        const i = r * width + k;
        const slope =
          dy.values[plan.offsets[t]! * width + i]! + dh.values[i]! + (hasC ? 0 : carry.values[i]!);
        squared += slope * slope;
      }
      flow!.add(name, isForward ? countSteps(plan, r) - 1 - t : t, squared);
    }
  }
}

/** The number of steps of a row. */
function countSteps({ offsets, steps }: Pass['plan'], row: number): number {
  let t = 0;
  while (t < steps && offsets[t + 1]! - offsets[t]! > row) t++;
  return t;
}
