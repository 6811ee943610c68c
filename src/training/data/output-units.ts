import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';

type Units = NonNullable<ModelSpec['outputs']['units']>;

/** Names and scales of the outputs of predict, of the base model or the training data. */
export function resolveUnits(
  { outputs }: TrainingSpec,
  base: ModelSpec | null,
  names: readonly string[],
  scales: () => { mean: number; scale: number }[],
): Units {
  if (base?.outputs.units) return base.outputs.units;
  const given = outputs.units ?? names;
  if (given.length !== names.length)
    throw new UnrollError(
      'invalid_request',
      `outputs.units: ${given.length} names for ${names.length} outputs`,
      {
        field: 'outputs.units',
      },
    );
  return scales().map((scale, k) => ({ name: given[k]!, ...scale }));
}
