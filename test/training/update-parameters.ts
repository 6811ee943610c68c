import type { Parameter } from '../../src/network/learning/layer.ts';
import type { Optimiser, OptimiserSpec } from '../../src/training/optimise/optimiser.ts';
import { applyUpdate } from '../../src/training/optimise/optimisers/apply-update.ts';
import { createOptimiser, createRule } from '../../src/training/optimise/optimisers/create-optimiser.ts';

/** An optimiser that updates all of the parameters in this thread. */
export function optimiserOf(
  parameters: readonly Parameter[],
  spec: OptimiserSpec,
): Optimiser & { update(rate: number, scale?: number, limit?: number): void } {
  const optimiser = createOptimiser(parameters, spec);
  return Object.assign(optimiser, {
    update(rate: number, scale?: number, limit?: number) {
      const update = optimiser.next(rate, scale, limit);
      parameters.forEach((parameter, i) =>
        applyUpdate(createRule(spec), parameter, optimiser.slots[i]!, update),
      );
    },
  });
}
