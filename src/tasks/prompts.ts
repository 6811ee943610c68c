import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice } from '../time-slice.ts';
import { checkIds } from './check-ids.ts';
import type { Call, TaskLimits } from './context.ts';
import { encodeInSlices } from './encode-in-slices.ts';
import type { TokenIds } from './task-input.ts';

export interface Prompt {
  /** The start id, where the model has one, then the ids of the text. At least one. */
  readonly ids: Int32Array;
  /** The same as an array, for the penalties of each generation. */
  readonly seen: readonly number[];
  readonly unknown: number;
}

/**
 * Encodes the prompts of a request, each after the start token, or after the pending token of a state.
 * @throws UnrollError input_mismatch, empty_input, sequence_too_long, too_many_inputs
 */
export async function readPrompts(
  model: ServedModel,
  prompt: string | readonly string[] | TokenIds | undefined,
  limits: TaskLimits,
  { signal, continuation }: Pick<Call, 'continuation'> & { readonly signal?: AbortSignal } = {},
): Promise<Prompt[]> {
  const { vocabulary } = model;
  if (!vocabulary)
    throw new UnrollError('input_mismatch', `prompt: ${model.name} has no vocabulary`, {
      field: 'prompt',
    });
  const texts = listPrompts(prompt);
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
  const first = continuation ? continuation.pendingId : (vocabulary.startId ?? null);
  const start = first === null ? [] : [first];
  const prompts: Prompt[] = [];
  for (const [i, text] of texts.entries()) {
    const field = Array.isArray(prompt) || texts.length > 1 ? `prompt[${i}]` : 'prompt';
    const { maxSteps } = limits;
    const isText = typeof text === 'string';
    if (!isText) checkIds(vocabulary, text, { maxSteps, field });
    const { ids, unknown, truncated } = isText
      ? await encodeInSlices(vocabulary, text, { maxSteps, field, slice })
      : { ids: Array.from(text), unknown: 0, truncated: false };
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

function listPrompts(prompt: string | readonly string[] | TokenIds | undefined) {
  if (prompt === undefined) return [''];
  if (typeof prompt === 'string') return [prompt];
  return 'ids' in prompt ? prompt.ids : prompt;
}
