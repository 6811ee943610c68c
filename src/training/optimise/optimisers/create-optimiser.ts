import type { Parameter } from '../../../network/learning/layer.ts';
import type { Optimiser, OptimiserSpec } from '../optimiser.ts';
import { adamRule } from './adam.ts';
import { rmspropRule } from './rmsprop.ts';
import { sgdRule } from './sgd.ts';
import type { UpdateRule } from './rule.ts';

export function createOptimiser(parameters: readonly Parameter[], spec: OptimiserSpec): Optimiser {
  const rule = createRule(spec);
  const slots = parameters.map(({ values }) =>
    rule.slots.map(() => new Float32Array(new SharedArrayBuffer(values.byteLength))),
  );
  const state = new Map(
    parameters.flatMap(({ name }, i) =>
      rule.slots.map((slot, k) => [`${name}.${slot}`, slots[i]![k]!] as const),
    ),
  );
  let updates = 0;
  return {
    get updates() {
      return updates;
    },
    slots,
    state,
    next: (rate, scale = 1, limit = Infinity) => ({ updates: ++updates, rate, scale, limit }),
    restore(done, saved) {
      updates = done;
      for (const [name, values] of state) {
        const from = saved.get(name);
        if (from?.length !== values.length)
          throw new RangeError(
            `${name}: expected a state of ${values.length} floats, got ${from?.length ?? 'none'}`,
          );
        values.set(from);
      }
    },
  };
}

/** Number of state values for each parameter value. */
export const countOptimiserSlots = (spec: OptimiserSpec): number => createRule(spec).slots.length;

export function createRule(spec: OptimiserSpec): UpdateRule {
  if (spec.type === 'sgd') return sgdRule(spec);
  return spec.type === 'rmsprop' ? rmspropRule(spec) : adamRule(spec);
}
