import type { GenerationOptions } from '../decoding/generation.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { TaskLimits } from './context.ts';

export interface SamplingSettings {
  readonly max_tokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly top_k?: number | undefined;
  readonly top_p?: number | undefined;
  readonly min_p?: number | undefined;
  readonly repetition_penalty?: number | undefined;
  readonly frequency_penalty?: number | undefined;
  /** The same seed gives the same text. Undefined: a random one. */
  readonly seed?: number | undefined;
  readonly stop?: string | readonly string[] | undefined;
  /** Alternatives to report with each token; 0 reports the token alone. */
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

/**
 * Each setting from the request, else from the model, else the server's default.
 * @throws UnrollError invalid_request
 */
export function resolveSamplingOptions(
  { spec }: ServedModel,
  body: SamplingSettings,
  limits: TaskLimits,
): Omit<GenerationOptions, 'seed' | 'choice' | 'prompt' | 'separator' | 'textOnly'> {
  const setting = (key: keyof typeof defaults): number => body[key] ?? spec.decoding[key] ?? defaults[key];
  if (body.max_tokens !== undefined && body.max_tokens > limits.maxTokens)
    throw new UnrollError(
      'invalid_request',
      `max_tokens: at most ${limits.maxTokens}, was ${body.max_tokens}`,
      {
        field: 'max_tokens',
      },
    );
  const maxTokens = Math.min(setting('max_tokens'), limits.maxTokens);
  return {
    maxTokens,
    temperature: setting('temperature'),
    topK: setting('top_k'),
    topP: setting('top_p'),
    minP: setting('min_p'),
    repetitionPenalty: setting('repetition_penalty'),
    frequencyPenalty: setting('frequency_penalty'),
    stop: parseStops(body.stop ?? spec.decoding.stop),
    logprobs: body.logprobs ?? 0,
  };
}

/** A lone surrogate would match inside a code point and split it. @throws UnrollError invalid_request */
function parseStops(stop: SamplingSettings['stop']): readonly string[] {
  if (stop === undefined) return [];
  const stops = typeof stop === 'string' ? [stop] : stop;
  for (const one of stops)
    if (one === '' || !one.isWellFormed())
      throw new UnrollError(
        'invalid_request',
        `stop: must be a non-empty text of whole characters, was ${JSON.stringify(one)}`,
        { field: 'stop' },
      );
  return stops;
}
