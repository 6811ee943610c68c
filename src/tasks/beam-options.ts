import { randomInt } from 'node:crypto';
import type { DecodeOptions } from '../decoding/search.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import type { TaskLimits } from './context.ts';
import { invalidField } from './invalid-field.ts';

type Tokens = string | readonly string[];

export interface DecodeSettings {
  readonly beam_size?: number | undefined;
  readonly num_hypotheses?: number | undefined;
  readonly patience?: number | undefined;
  readonly length_penalty?: number | undefined;
  readonly coverage_penalty?: number | undefined;
  readonly min_length?: number | undefined;
  readonly max_length?: number | undefined;
  readonly no_repeat_ngram_size?: number | undefined;
  /** A text, or tokens, that every output begins with. */
  readonly prefix?: Tokens | undefined;
  readonly suppress?: readonly string[] | undefined;
  /** Above 0 outputs are drawn, `n` of them for each source. */
  readonly temperature?: number | undefined;
  readonly top_k?: number | undefined;
  readonly top_p?: number | undefined;
  readonly min_p?: number | undefined;
  readonly seed?: number | undefined;
  readonly n?: number | undefined;
  readonly return_attention?: boolean | undefined;
}

/** The default max_length for a source of so many steps. */
const defaultMaxLength = (steps: number): number => 2 * steps + 50;

/** Ids that every output begins with, and ids that no output has; the same for all sources of a request. */
export interface TokenRules {
  readonly prefix: readonly number[];
  readonly suppress: readonly number[];
}

/**
 * @throws UnrollError invalid_request for a prefix that no output can have, input_mismatch for unknown tokens
 */
export function encodeTokenRules({ target }: ServedModel, body: DecodeSettings): TokenRules {
  const prefix = body.prefix === undefined ? [] : encodeKnown(target!, body.prefix, 'prefix');
  const suppress = (body.suppress ?? []).flatMap((token, i) =>
    encodeKnown(target!, [token], `suppress[${i}]`),
  );
  const suppressed = new Set(suppress);
  for (const id of prefix) {
    const reason =
      id === target!.startId || id === target!.endId
        ? 'marks the start or the end of an output'
        : suppressed.has(id)
          ? 'is in suppress'
          : null;
    if (reason !== null) invalidField('prefix', `${JSON.stringify(target!.tokens.at(id))} ${reason}`);
  }
  return { prefix, suppress };
}

/**
 * Each setting from the request, else from the model, else the server's default.
 * @throws UnrollError invalid_request
 */
export function resolveDecodeOptions(
  { spec }: ServedModel,
  body: DecodeSettings,
  limits: TaskLimits,
  { prefix, suppress }: TokenRules,
  sourceSteps: number,
): DecodeOptions[] {
  const defaults = spec.decoding;
  const temperature = body.temperature ?? 0;
  const beamSize = body.beam_size ?? (temperature > 0 ? 1 : (defaults.beam_size ?? 1));
  const hypotheses = body.num_hypotheses ?? 1;
  const n = body.n ?? 1;
  if (temperature > 0 && beamSize > 1)
    invalidField('temperature', `must be 0 with a beam, and beam_size is ${beamSize}`);
  if (n > 1 && temperature === 0)
    invalidField('n', `must be 1 without a temperature, was ${n}; set num_hypotheses for several outputs`);
  if (hypotheses > beamSize)
    invalidField('num_hypotheses', `at most beam_size, ${beamSize}, was ${hypotheses}`);
  const maxLength =
    body.max_length ?? Math.min(limits.maxTokens, defaults.max_length ?? defaultMaxLength(sourceSteps));
  if (maxLength > limits.maxTokens)
    invalidField('max_length', `at most ${limits.maxTokens}, was ${maxLength}`);
  const minLength = body.min_length ?? Math.min(maxLength, defaults.min_length ?? 0);
  if (minLength > maxLength) invalidField('min_length', `at most max_length, ${maxLength}, was ${minLength}`);
  if (prefix.length > maxLength)
    invalidField('prefix', `at most max_length, ${maxLength} tokens, was ${prefix.length}`);
  const attends = spec.network.layers.some(({ type }) => type === 'attention');
  if (body.return_attention && !attends) invalidField('return_attention', 'the model has no attention');
  if (body.coverage_penalty && !attends) invalidField('coverage_penalty', 'the model has no attention');
  const seed = body.seed ?? randomInt(2 ** 47);
  const options: Omit<DecodeOptions, 'choice'> = {
    mode: temperature > 0 ? 'sample' : beamSize > 1 ? 'beam' : 'greedy',
    temperature,
    topK: body.top_k ?? 0,
    topP: body.top_p ?? 1,
    minP: body.min_p ?? 0,
    seed,
    beamSize,
    hypotheses,
    patience: body.patience ?? defaults.patience ?? 1,
    lengthPenalty: body.length_penalty ?? defaults.length_penalty ?? 0,
    coveragePenalty: body.coverage_penalty ?? defaults.coverage_penalty ?? 0,
    maxLength,
    minLength,
    noRepeatNgram: body.no_repeat_ngram_size ?? defaults.no_repeat_ngram_size ?? 0,
    prefix,
    suppress,
    returnAttention: body.return_attention ?? false,
  };
  return Array.from({ length: n }, (_, choice) => ({ ...options, choice }));
}

const maxNamedTokens = 5;

/** @throws UnrollError input_mismatch for tokens that are not in the vocabulary, some of which it names */
function encodeKnown(vocabulary: Vocabulary, given: Tokens, field: string): number[] {
  const encoded = typeof given === 'string' ? vocabulary.encode(given) : vocabulary.encodeTokens(given);
  if (encoded.unknown === 0) return [...encoded.ids];
  const missing = new Set<string>();
  for (const piece of given) {
    if (missing.size === maxNamedTokens) break;
    if (vocabulary.encodeTokens([piece]).unknown > 0) missing.add(piece);
  }
  throw new UnrollError(
    'input_mismatch',
    `${field}: not in the output vocabulary: ${[...missing]
      .map((piece) => JSON.stringify(piece.slice(0, 40)))
      .join(', ')}`,
    { field },
  );
}
