import { zeroState, type CellState, type CellStep } from '../kernel/reference/cell.ts';
import { linearBackward, type CellGradient, type StateGradient } from '../kernel/reference/cell-gradient.ts';
import { gruResetAfterStepBackward } from '../kernel/reference/gru-backward.ts';
import { gruResetAfterStep } from '../kernel/reference/gru.ts';
import { linear } from '../kernel/reference/linear.ts';
import { lstmStepBackward } from '../kernel/reference/lstm-backward.ts';
import { lstmStep } from '../kernel/reference/lstm.ts';
import { runningPool } from '../kernel/reference/pool.ts';
import { logSoftmax } from '../kernel/reference/softmax.ts';
import { resolveGraph, type DirectionTensors, type Node } from '../network/graph.ts';
import type { NetworkSpec } from '../network/spec.ts';

/** Tensors in float64, so that a difference quotient can tell a right gradient from a wrong one. */
export type Tensors64 = ReadonlyMap<string, Float64Array>;
type Rows = readonly Float64Array[];
/** ∂L/∂y of a layer → ∂L/∂x, adding to the gradients of its weights. */
type Backward = (dy: Rows) => Rows;

/**
 * Loss and gradient of a chain of layers over one sequence, in float64: the oracle of the learner. No dropout.
 * @param targets per step the class wanted and its weight in L = −Σ weight · ln softmax(logits)[class]
 */
export function referenceGradient(
  spec: NetworkSpec,
  vocabulary: number,
  tensors: Tensors64,
  ids: readonly number[],
  targets: readonly { class: number; weight: number }[],
): { loss: number; gradient: Tensors64 } {
  const gradient = new Map([...tensors].map(([name, values]) => [name, new Float64Array(values.length)]));
  const backwards: Backward[] = [];
  let x: Rows = [];
  for (const node of resolveGraph(spec, { kind: 'ids', vocabulary }).nodes) {
    const layer = forward(node, x, ids, tensors, gradient);
    x = layer.y;
    backwards.push(layer.backward);
  }
  const logs = x.map(logSoftmax);
  const loss = targets.reduce((sum, { class: wanted, weight }, t) => sum - weight * logs[t]![wanted]!, 0);
  const dLogits = logs.map((row, t) =>
    row.map((log, k) => (Math.exp(log) - (k === targets[t]!.class ? 1 : 0)) * targets[t]!.weight),
  );
  backwards.reduceRight<Rows>((dy, backward) => backward(dy), dLogits);
  return { loss, gradient };
}

function forward(
  node: Node,
  x: Rows,
  ids: readonly number[],
  tensors: Tensors64,
  gradient: Tensors64,
): { y: Rows; backward: Backward } {
  switch (node.type) {
    case 'embedding': {
      const { units } = node.layer;
      const table = tensors.get(node.tensors.weight)!;
      const dTable = gradient.get(node.tensors.weight)!;
      return {
        y: ids.map((id) => table.slice(id * units, (id + 1) * units)),
        backward: (dy) => {
          dy.forEach((row, t) =>
            row.forEach((slope, unit) => {
              const at = ids[t]! * units + unit;
              dTable[at] = dTable[at]! + slope;
            }),
          );
          return [];
        },
      };
    }
    case 'dense': {
      const { weight, bias } = node.tensors;
      const w = tensors.get(weight)!;
      return {
        y: x.map((row) => linear(w, row, tensors.get(bias)!)),
        backward: (dy) =>
          dy.map((row, t) => linearBackward(w, x[t]!, row, gradient.get(weight)!, gradient.get(bias)!)),
      };
    }
    case 'pool':
      return {
        y: runningPool(x, 'mean'),
        backward: (dy) =>
          x.map((row, s) =>
            row.map((_, k) => dy.reduce((sum, slopes, t) => sum + (t < s ? 0 : slopes[k]! / (t + 1)), 0)),
          ),
      };
    case 'recurrent':
      return recurrent(
        node.layer.cell === 'lstm',
        node.layer.units,
        node.tensors.forward,
        x,
        tensors,
        gradient,
      );
    default:
      return { y: x, backward: (dy) => dy };
  }
}

function recurrent(
  isLstm: boolean,
  units: number,
  names: DirectionTensors,
  x: Rows,
  tensors: Tensors64,
  gradient: Tensors64,
): { y: Rows; backward: Backward } {
  const weights = ofCell(names, tensors);
  const total = ofCell(names, gradient);
  const step: CellStep = isLstm ? lstmStep : gruResetAfterStep;
  const stepBackward = isLstm ? lstmStepBackward : gruResetAfterStepBackward;
  const states: CellState[] = [zeroState(units)];
  for (const row of x) states.push(step(weights, row, states.at(-1)!));
  return {
    y: states.slice(1).map(({ h }) => h),
    backward: (dy) => {
      let after: StateGradient = zeroState(units);
      const dx: Float64Array[] = [];
      for (let t = x.length - 1; t >= 0; t--) {
        const dh = after.h.map((slope, u) => slope + dy[t]![u]!);
        const back = stepBackward(weights, x[t]!, states[t]!, { h: dh, c: after.c }, total);
        dx[t] = back.x;
        after = back;
      }
      return dx;
    },
  };
}

/** A cell's tensors, or their gradients. */
const ofCell = (names: DirectionTensors, tensors: Tensors64): CellGradient => ({
  weightIh: tensors.get(names.weightIh)!,
  weightHh: tensors.get(names.weightHh)!,
  biasIh: tensors.get(names.biasIh)!,
  biasHh: tensors.get(names.biasHh)!,
});
