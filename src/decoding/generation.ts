import type { TokenTexts } from '../vocabulary/token-table.ts';
import { drawCandidate, indexOfLargest, selectCandidates, topIndexes } from './candidates.ts';
import { logSumExp, penaliseFrequency, penaliseRepetition } from './logits-process.ts';
import { createRng, restoreRng, type RngState } from '../random.ts';
import { createStopTextFilter } from './stop-text.ts';

// Decodes one sequence, step by step. It owns the random numbers, the token counts for the penalties and the
// tokens that may begin a stop string. Everything is float64 in a fixed order, so the same seed gives the
// same text.

export interface GenerationOptions {
  /** Maximum number of tokens to generate, at least 1. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** 1 keeps all. */
  readonly topP: number;
  /** 0 keeps all. */
  readonly minP: number;
  /** 1 is none. */
  readonly repetitionPenalty: number;
  /** 0 is none. */
  readonly frequencyPenalty: number;
  /** An integer from 0 to 2⁵³ − 1. */
  readonly seed: number;
  /** Index among the request's choices: each has its own random numbers. */
  readonly choice: number;
  readonly stop: readonly string[];
  /** Alternatives reported with each token. */
  readonly logprobs: number;
  /** Ids of the prompt: the repetition penalty counts them as seen. */
  readonly prompt: readonly number[];
  /** Only the text is reported: log-probabilities are not computed, and are 0. */
  readonly textOnly: boolean;
  /** Between two tokens' texts: a space for words, empty for characters. */
  readonly separator: string;
}

export interface TopToken {
  readonly id: number;
  readonly text: string;
  readonly logprob: number;
}
export interface EmittedToken extends TopToken {
  readonly top: readonly TopToken[];
}

export interface GenerationStep {
  /** The token chosen, which is the next input. */
  readonly id: number;
  /** Tokens to output now; they are delayed while they may begin a stop string. */
  readonly emitted: readonly EmittedToken[];
  readonly finish: 'stop' | 'length' | null;
}

/** The whole state of a generation, to be restored in another thread. Plain data. */
export interface GenerationSnapshot {
  readonly rng: RngState;
  readonly generated: readonly (readonly [id: number, count: number])[];
  readonly count: number;
  readonly pending: readonly EmittedToken[];
}

export interface Generation {
  readonly textOnly: boolean;
  /** Chooses the next token. logits [vocabulary], not changed. */
  next(logits: ArrayLike<number>): GenerationStep;
  snapshot(): GenerationSnapshot;
}

/** @param tokens text of every id @param endId the id that ends a text, never output */
export function createGeneration(
  options: GenerationOptions,
  tokens: TokenTexts,
  endId: number | undefined,
): Generation {
  const rng = createRng(options.seed, options.choice);
  return restoreGeneration(
    { rng: rng.state(), generated: [], count: 0, pending: [] },
    options,
    tokens,
    endId,
  );
}

/** Restores a generation from a snapshot. */
export function restoreGeneration(
  from: GenerationSnapshot,
  options: GenerationOptions,
  tokens: TokenTexts,
  endId: number | undefined,
): Generation {
  const rng = restoreRng(from.rng);
  const generated = new Map(from.generated);
  const seen = new Set([...options.prompt, ...generated.keys()]);
  const stopText = createStopTextFilter<EmittedToken>(options.stop, (token, text) => ({ ...token, text }), [
    ...from.pending,
  ]);
  const scores = new Float64Array(tokens.length);
  /** Log-probabilities, which are reported, are the scores less this. */
  let logSum = 0;
  let count = from.count;

  /** Sets the logits after the penalties, before temperature. */
  function score(logits: ArrayLike<number>): void {
    if (logits.length !== scores.length)
      throw new RangeError(`the network gives ${logits.length} logits for a vocabulary of ${scores.length}`);
    scores.set(logits);
    penaliseRepetition(scores, seen, options.repetitionPenalty);
    penaliseFrequency(scores, generated, options.frequencyPenalty);
    if (!canBeDrawn(scores)) throw new RangeError('the logits contain a number that is not finite');
    if (!options.textOnly) logSum = logSumExp(scores);
  }

  function choose(): number {
    const { temperature } = options;
    if (temperature === 0) return indexOfLargest(scores);
    return drawCandidate(selectCandidates(scores, temperature, options), rng.next());
  }

  const describe = (id: number): TopToken => ({
    id,
    text: count > 1 ? options.separator + tokens.at(id)! : tokens.at(id)!,
    logprob: options.textOnly ? 0 : scores[id]! - logSum,
  });

  return {
    textOnly: options.textOnly,
    next(logits) {
      score(logits);
      const id = choose();
      count++;
      generated.set(id, (generated.get(id) ?? 0) + 1);
      seen.add(id);
      if (id === endId) return { id, emitted: stopText.flush(), finish: 'stop' };
      const top = options.logprobs > 0 ? [...topIndexes(scores, options.logprobs)].map(describe) : [];
      const { out, stopped } = stopText.push({ ...describe(id), top });
      if (stopped) return { id, emitted: out, finish: 'stop' };
      if (count >= options.maxTokens) return { id, emitted: [...out, ...stopText.flush()], finish: 'length' };
      return { id, emitted: out, finish: null };
    },
    snapshot: () => ({ rng: rng.state(), generated: [...generated], count, pending: stopText.pending }),
  };
}

/** Whether every logit is a number or −∞, and one is a number. */
function canBeDrawn(logits: Float64Array): boolean {
  let some = false;
  for (let id = 0; id < logits.length; id++) {
    if (!(logits[id]! < Infinity)) return false;
    if (logits[id]! > -Infinity) some = true;
  }
  return some;
}
