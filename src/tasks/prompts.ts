import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice } from '../time-slice.ts';
import type { TaskLimits } from './context.ts';
import { encodeInSlices } from './encode-in-slices.ts';

export interface Prompt {
  /** The start id, where the model has one, then the ids of the text. At least one. */
  readonly ids: Int32Array;
  /** The same as an array, for the penalties of each generation. */
  readonly seen: readonly number[];
  readonly unknown: number;
}

/**
 * Encodes the prompts of a request.
 * @throws UnrollError input_mismatch, empty_input, sequence_too_long, too_many_inputs
 */
export async function readPrompts(
  model: ServedModel,
  prompt: string | readonly string[] | undefined,
  limits: TaskLimits,
  signal?: AbortSignal,
): Promise<Prompt[]> {
  const { vocabulary } = model;
  if (!vocabulary)
    throw new UnrollError('input_mismatch', `prompt: ${model.name} has no vocabulary`, {
      field: 'prompt',
    });
  const texts = prompt === undefined ? [''] : typeof prompt === 'string' ? [prompt] : prompt;
  if (texts.length === 0)
    throw new UnrollError('empty_input', 'prompt: the list is empty', { field: 'prompt' });
  if (texts.length > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `prompt: at most ${limits.maxInputs}, was given ${texts.length}`,
      {
        field: 'prompt',
      },
    );
  const slice = createTimeSlice(signal);
  const start = vocabulary.startId === undefined ? [] : [vocabulary.startId];
  const prompts: Prompt[] = [];
  for (const [i, text] of texts.entries()) {
    const field = typeof prompt === 'object' ? `prompt[${i}]` : 'prompt';
    const { maxSteps } = limits;
    const { ids, unknown, truncated } = await encodeInSlices(vocabulary, text, { maxSteps, field, slice });
    const withStart = [...start, ...ids];
    if (withStart.length === 0)
      throw new UnrollError('empty_input', `${field}: ${model.name} cannot start without a prompt`, {
        field,
      });
    if (truncated || withStart.length > maxSteps)
      throw new UnrollError(
        'sequence_too_long',
        `${field}: at most ${maxSteps} steps, was ${truncated ? 'more' : withStart.length}`,
        { field },
      );
    prompts.push({ ids: Int32Array.from(withStart), seen: withStart, unknown });
    if (slice.due()) await slice.next();
  }
  return prompts;
}
