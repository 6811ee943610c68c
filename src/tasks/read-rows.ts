import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { checkRequestSteps } from './budgets.ts';
import type { TaskLimits } from './context.ts';
import { dropPadding } from './drop-padding.ts';
import { inputMismatch, notFinite } from './input-errors.ts';

/**
 * Scales the features of a sequence that was sent as bytes.
 * @param rows [steps, features]
 * @throws UnrollError input_mismatch, empty_input, not_finite, sequence_too_long, work_too_large
 */
export function readRows(model: ServedModel, rows: Float32Array, limits: TaskLimits) {
  if (model.spec.inputs.kind === 'text') throw inputMismatch(model, 'input');
  const { features } = model.spec.inputs;
  const width = features.length;
  const steps = rows.length / width;
  if (!Number.isInteger(steps))
    throw new UnrollError(
      'input_mismatch',
      `input: a step has ${width} features, was given ${rows.length} values`,
      { field: 'input' },
    );
  if (steps === 0)
    throw new UnrollError('empty_input', 'input: the sequence has no steps', { field: 'input' });
  if (steps > limits.maxSteps)
    throw new UnrollError(
      'sequence_too_long',
      `input: at most ${limits.maxSteps} steps, was given ${steps}`,
      { field: 'input' },
    );
  checkRequestSteps(steps, limits, 'input');
  const values = new Float32Array(rows.length);
  for (let t = 0, at = 0; t < steps; t++)
    for (let k = 0; k < width; k++, at++) {
      const { mean, scale } = features[k]!;
      values[at] = (rows[at]! - mean) / scale;
      if (!Number.isFinite(values[at])) throw notFinite(`input[${t}][${k}]`, rows[at]!);
    }
  return dropPadding({ values, steps, unknown: 0, tokens: [] }, model.spec, 'input');
}
