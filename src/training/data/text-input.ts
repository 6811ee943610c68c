import { UnrollError } from '../../errors.ts';
import type { ModelSpec, TextInput } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { buildVocabulary } from './build-vocabulary.ts';

/** The text of a job that describes none. */
export const defaultText = {
  kind: 'text',
  vocabulary: 'characters',
  min_count: 1,
  max_tokens: 50_000,
  lowercase: false,
  normalize: 'NFC',
} as const;

/**
 * The text input of the base model, or built from the job's texts.
 * @throws UnrollError invalid_request, invalid_dataset
 */
export function resolveTextInput(
  { inputs, task }: TrainingSpec,
  base: ModelSpec | null,
  texts: Iterable<string | readonly string[]>,
  special: readonly ('unknown' | 'start' | 'end')[],
): TextInput {
  if (base) {
    if (base.inputs.kind !== 'text')
      throw new UnrollError('invalid_dataset', 'data: must be numeric for this base model, was text', {
        field: 'data',
      });
    return base.inputs;
  }
  const draft = inputs ?? defaultText;
  if (draft.kind !== 'text')
    throw new UnrollError(
      'invalid_request',
      `inputs.kind: must be text for the data of this ${task} job, was numeric`,
      {
        field: 'inputs.kind',
      },
    );
  return buildVocabulary(draft, texts, special);
}
