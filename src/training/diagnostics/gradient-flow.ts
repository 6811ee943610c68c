import { createRng } from '../../random.ts';
import type { Batch } from '../batch.ts';
import type { GateStatistics, GradientFlow } from '../../network/learning/layer.ts';
import type { Learner } from '../learner-interface.ts';

/** How far back a loss reaches, and how hard it pulls there. */
export interface FlowReport {
  /** By recurrent node: root mean square over sequences of |∂L/∂h| so many steps before the one that is judged. */
  readonly flow: Readonly<Record<string, readonly number[]>>;
  /** By recurrent node: the farthest step at which that is still a hundredth of what it is at the loss. */
  readonly reach: Readonly<Record<string, number>>;
  /** Length of each parameter's gradient. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly gates: Readonly<Record<string, readonly GateStatistics[]>>;
}

const reached = 0.01;

/**
 * Sends the loss of every sequence's last step alone back through a batch, without dropout's chance: the seed is fixed. The
 * parameters' gradients are overwritten; the states carried from batch to batch are as before.
 */
export function measureGradientFlow(learner: Learner, batch: Batch): FlowReport {
  const kept = learner.carried.map((state) => state.slice());
  const sums = new Map<string, { squares: number[]; counts: number[] }>();
  const notes: GradientFlow = {
    add(node, distance, squared) {
      let sum = sums.get(node);
      if (!sum) sums.set(node, (sum = { squares: [], counts: [] }));
      sum.squares[distance] = (sum.squares[distance] ?? 0) + squared;
      sum.counts[distance] = (sum.counts[distance] ?? 0) + 1;
    },
  };
  learner.differentiate(lastStepsOf(batch), createRng(0), notes);
  learner.carried.forEach((state, i) => state.set(kept[i]!));
  const flow = Object.fromEntries(
    [...sums].map(([node, { squares, counts }]) => [
      node,
      // at every distance up to the longest something was noted
      squares.map((square, distance) => Math.sqrt(square / counts[distance]!)),
    ]),
  );
  return {
    flow,
    reach: Object.fromEntries(Object.entries(flow).map(([node, norms]) => [node, reachOf(norms)])),
    parameters: Object.fromEntries(learner.parameters.map(({ name, gradient }) => [name, norm(gradient)])),
    gates: Object.fromEntries(learner.gateStatistics().map(({ node, gates }) => [node, gates])),
  };
}

/** The batch with nothing judged but each sequence's last step. */
function lastStepsOf(batch: Batch): Batch {
  const { offsets, steps } = batch.plan;
  const weights = new Float32Array(batch.targets.weights.length);
  const rows = offsets[1] ?? 0;
  for (let t = 0; t < steps; t++) {
    const going = t + 1 < steps ? offsets[t + 2]! - offsets[t + 1]! : 0;
    for (let r = going; r < offsets[t + 1]! - offsets[t]!; r++) weights[offsets[t]! + r] = 1 / rows;
  }
  return { ...batch, targets: { ...batch.targets, weights } };
}

function reachOf(norms: readonly number[]): number {
  const least = reached * (norms[0] ?? 0);
  return least === 0 ? 0 : norms.findLastIndex((value) => value >= least);
}

function norm(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}
