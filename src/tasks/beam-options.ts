import { randomInt } from 'node:crypto';
import type { DecodeOptions } from '../decoding/search.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import type { TaskLimits } from './context.ts';

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
  /** What every output begins with: a text, or tokens. */
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

/** Longest output where nobody says: twice the source and a little. */
const roomFor = (steps: number): number => 2 * steps + 50;

/** Tokens that every output begins with, and those that none has; the same for all sources of a request. */
export interface TokenRules {
  readonly prefix: readonly number[];
  readonly suppress: readonly number[];
}

/** @throws UnrollError invalid_request, input_mismatch */
export function encodeTokenRules({ target }: ServedModel, body: DecodeSettings): TokenRules {
  const prefix = body.prefix === undefined ? [] : idsOf(target!, body.prefix, 'prefix');
  const suppress = (body.suppress ?? []).flatMap((token, i) => idsOf(target!, [token], `suppress[${i}]`));
  const suppressed = new Set(suppress);
  for (const id of prefix) {
    const what =
      id === target!.startId || id === target!.endId
        ? 'which no output holds'
        : suppressed.has(id)
          ? 'which suppress forbids'
          : null;
    if (what !== null)
      throw new UnrollError('invalid_request', `prefix: holds ${target!.tokens.at(id)}, ${what}`, {
        field: 'prefix',
      });
  }
  return { prefix, suppress };
}

/** The caller's wish, else the model's default, else ours; for a source of so many steps. @throws UnrollError invalid_request */
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
  const wrong = (field: string, what: string): never => {
    throw new UnrollError('invalid_request', `${field}: ${what}`, { field });
  };
  if (temperature > 0 && beamSize > 1)
    wrong('temperature', `drawing has no beam, and beam_size is ${beamSize}`);
  if (n > 1 && temperature === 0)
    wrong('n', `${n} outputs without a temperature would be the same; ask for num_hypotheses`);
  if (hypotheses > beamSize) wrong('num_hypotheses', `at most beam_size, ${beamSize}, was ${hypotheses}`);
  const maxLength =
    body.max_length ?? Math.min(limits.maxTokens, defaults.max_length ?? roomFor(sourceSteps));
  if (maxLength > limits.maxTokens) wrong('max_length', `at most ${limits.maxTokens}, was ${maxLength}`);
  const minLength = body.min_length ?? Math.min(maxLength, defaults.min_length ?? 0);
  if (minLength > maxLength) wrong('min_length', `at most max_length, ${maxLength}, was ${minLength}`);
  if (prefix.length > maxLength) wrong('prefix', `has ${prefix.length} tokens, max_length is ${maxLength}`);
  const attends = spec.network.layers.some(({ type }) => type === 'attention');
  if (body.return_attention && !attends) wrong('return_attention', 'the model has no attention');
  if (body.coverage_penalty && !attends) wrong('coverage_penalty', 'the model has no attention');
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

const strangersNamed = 5;

/** @throws UnrollError input_mismatch naming the tokens that are not in the vocabulary */
function idsOf(vocabulary: Vocabulary, given: Tokens, field: string): number[] {
  const encoded = typeof given === 'string' ? vocabulary.encode(given) : vocabulary.encodeTokens(given);
  if (encoded.unknown === 0) return [...encoded.ids];
  const strangers = new Set<string>();
  for (const piece of given) {
    if (strangers.size === strangersNamed) break;
    if (vocabulary.encodeTokens([piece]).unknown > 0) strangers.add(piece);
  }
  throw new UnrollError(
    'input_mismatch',
    `${field}: the model writes no ${[...strangers]
      .map((piece) => JSON.stringify(piece.slice(0, 40)))
      .join(', ')}`,
    { field },
  );
}
