import { createRng } from '../../random.ts';
import type { Batch } from '../batch.ts';
import type { GateStatistics, GradientFlow } from '../../network/learning/layer.ts';
import type { Learner } from '../learner-interface.ts';

/** The gradient of the last step's loss at earlier steps. */
export interface FlowReport {
  /**
   * By recurrent node: root mean square over sequences of |∂L/∂h|, by the number of steps before the loss.
   */
  readonly flow: Readonly<Record<string, readonly number[]>>;
  /** By recurrent node: the largest distance at which `flow` is at least 1 % of its value at the loss. */
  readonly reach: Readonly<Record<string, number>>;
  /** Norm of each parameter's gradient. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly gates: Readonly<Record<string, readonly GateStatistics[]>>;
}

const reachThreshold = 0.01;

/**
 * Differentiates the loss of every sequence's last step through a batch, with a fixed seed for dropout.
 * Overwrites the parameters' gradients and restores the states carried from batch to batch.
 */
export function measureGradientFlow(learner: Learner, batch: Batch): FlowReport {
  const savedStates = learner.carried.map((state) => state.slice());
  const sums = new Map<string, { squares: number[]; counts: number[] }>();
  const collector: GradientFlow = {
    add(node, distance, squared) {
      let sum = sums.get(node);
      if (!sum) sums.set(node, (sum = { squares: [], counts: [] }));
      sum.squares[distance] = (sum.squares[distance] ?? 0) + squared;
      sum.counts[distance] = (sum.counts[distance] ?? 0) + 1;
    },
  };
  learner.differentiate(weightLastSteps(batch), createRng(0), collector);
  learner.carried.forEach((state, i) => state.set(savedStates[i]!));
  const flow = Object.fromEntries(
    [...sums].map(([node, { squares, counts }]) => [
      node,
      // there is a value for every distance up to the longest sequence
      squares.map((square, distance) => Math.sqrt(square / counts[distance]!)),
    ]),
  );
  return {
    flow,
    reach: Object.fromEntries(Object.entries(flow).map(([node, norms]) => [node, findReach(norms)])),
    parameters: Object.fromEntries(learner.parameters.map(({ name, gradient }) => [name, norm(gradient)])),
    gates: Object.fromEntries(learner.gateStatistics().map(({ node, gates }) => [node, gates])),
  };
}

/** The batch with target weights only at each sequence's last step. */
function weightLastSteps(batch: Batch): Batch {
  const { offsets, steps } = batch.plan;
  const weights = new Float32Array(batch.targets.weights.length);
  const rows = offsets[1] ?? 0;
  for (let t = 0; t < steps; t++) {
    const nextRows = t + 1 < steps ? offsets[t + 2]! - offsets[t + 1]! : 0;
    for (let r = nextRows; r < offsets[t + 1]! - offsets[t]!; r++) weights[offsets[t]! + r] = 1 / rows;
  }
  return { ...batch, targets: { ...batch.targets, weights } };
}

function findReach(norms: readonly number[]): number {
  const threshold = reachThreshold * (norms[0] ?? 0);
  return threshold === 0 ? 0 : norms.findLastIndex((value) => value >= threshold);
}

function norm(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}
