import type { Parameter } from '../../../network/learning/layer.ts';
import { forEachTouched } from '../../../network/learning/touched-rows.ts';
import type { Update } from '../optimiser.ts';
import type { UpdateRule } from './rule.ts';

/** Scales and clips the gradient of a parameter, or of a range of one, and changes its values. */
export function applyUpdate(
  rule: UpdateRule,
  parameter: Parameter,
  slots: readonly Float32Array[],
  update: Update,
): void {
  const { gradient, values, decays } = parameter;
  const { scale, limit } = update;
  const onlyTouched = rule.skipsZero && !decays;
  forEachTouched(parameter, (from, to) => {
    if (scale !== 1) for (let i = from; i < to; i++) gradient[i] = gradient[i]! * scale;
    if (limit !== Infinity)
      for (let i = from; i < to; i++) gradient[i] = Math.max(-limit, Math.min(limit, gradient[i]!));
    if (onlyTouched) rule.apply(parameter, slots, update, from, to);
  });
  if (!onlyTouched) rule.apply(parameter, slots, update, 0, values.length);
}
