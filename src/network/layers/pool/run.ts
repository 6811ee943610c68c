import { padded } from '../../../kernel/layout.ts';
import { activeRows } from '../layer.ts';
import type { StepLayerRun } from '../layer-run.ts';
import { poolState } from './emit.ts';

export interface CompiledPool {
  readonly kind: 'pool';
  readonly pool: string;
  readonly width: number;
  /** attention only: the weights that score a step. */
  readonly weight: number | null;
  /**
   * State of a row besides its columns: the number of steps, or the largest score and the sum of
   * exponentials.
   */
  readonly counters: 1 | 2;
}

/** y[t] ← the pool over everything up to t; the state [rows, poolState(width)] is carried on. */
export const run: StepLayerRun<CompiledPool, { x: number; state: number; y: number }> = {
  acrossSteps: true,

  place({ width, counters }, { x, y, maxRows, keptFloats, keep, causal }) {
    const stride = poolState(width);
    const count = padded(width);
    const state = keep({
      name: 'pool',
      address: keptFloats(maxRows * stride),
      stride,
      parts: [
        [0, width],
        [count, count + counters],
      ],
      kept: causal,
      first: null,
    });
    return { x, state, y };
  },

  create({ pool, width, weight }, { functions }, { x, state, y }) {
    const stride = padded(width) * 4;
    const own = weight === null ? [] : [weight];
    return ({ plan }) => {
      for (let t = 0; t < plan.steps; t++) {
        const from = plan.offsets[t]! * stride;
        functions[pool]!(x + from, ...own, state, y + from, activeRows(plan, t));
      }
    };
  },
};
