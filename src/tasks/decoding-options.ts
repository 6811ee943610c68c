import { randomInt } from 'node:crypto';
import type { GenerationOptions } from '../decoding/generation.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { TaskLimits } from './context.ts';

export interface DecodingBody {
  readonly max_tokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly top_k?: number | undefined;
  readonly top_p?: number | undefined;
  readonly min_p?: number | undefined;
  readonly repetition_penalty?: number | undefined;
  readonly frequency_penalty?: number | undefined;
  /** Same seed, same text. None: a new one every time. */
  readonly seed?: number | undefined;
  readonly stop?: string | readonly string[] | undefined;
  /** Alternatives to report with each token. */
  readonly logprobs?: number | undefined;
  readonly n?: number | undefined;
}

const defaults = {
  max_tokens: 256,
  temperature: 1,
  top_k: 0,
  top_p: 1,
  min_p: 0,
  repetition_penalty: 1,
  frequency_penalty: 0,
};

/** The caller's wish, else the model's default, else ours. */
export function optionsOf(
  { spec }: ServedModel,
  body: DecodingBody,
  limits: TaskLimits,
): Omit<GenerationOptions, 'choice' | 'prompt'> {
  const wished = (key: keyof typeof defaults): number => {
    const own = spec.decoding[key];
    return body[key] ?? (typeof own === 'number' ? own : defaults[key]);
  };
  if (body.max_tokens !== undefined && body.max_tokens > limits.maxTokens)
    throw new UnrollError(
      'invalid_request',
      `max_tokens: at most ${limits.maxTokens}, was ${body.max_tokens}`,
      {
        field: 'max_tokens',
      },
    );
  const maxTokens = Math.min(wished('max_tokens'), limits.maxTokens);
  const stop = body.stop ?? (Array.isArray(spec.decoding['stop']) ? spec.decoding['stop'] : []);
  return {
    maxTokens,
    temperature: wished('temperature'),
    topK: wished('top_k'),
    topP: wished('top_p'),
    minP: wished('min_p'),
    repetitionPenalty: wished('repetition_penalty'),
    frequencyPenalty: wished('frequency_penalty'),
    seed: body.seed ?? randomInt(2 ** 47),
    stop: typeof stop === 'string' ? [stop] : stop,
    logprobs: body.logprobs ?? 0,
  };
}
