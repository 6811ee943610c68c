import { UnrollError } from '../../errors.ts';
import type { ModelSpec, TextInput } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { buildVocabulary } from './build-vocabulary.ts';

/** The text input of a model: the base's, or built as the job says. @throws UnrollError invalid_request */
export function resolveTextInput(
  { inputs, task }: TrainingSpec,
  base: ModelSpec | null,
  texts: Iterable<string | readonly string[]>,
  special: readonly ('unknown' | 'start' | 'end')[],
): TextInput {
  if (base) {
    if (base.inputs.kind !== 'text')
      throw new UnrollError('invalid_dataset', 'data: the base reads numbers, the data holds text', {
        field: 'data',
      });
    return base.inputs;
  }
  const draft = inputs ?? {
    kind: 'text',
    vocabulary: 'characters',
    min_count: 1,
    max_tokens: 50_000,
    lowercase: false,
    normalize: 'NFC',
  };
  if (draft.kind !== 'text')
    throw new UnrollError(
      'invalid_request',
      `inputs.kind: the data of this ${task} job is text, was numeric`,
      {
        field: 'inputs.kind',
      },
    );
  return buildVocabulary(draft, texts, special);
}
