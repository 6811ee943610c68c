import type { Generation, GenerationSnapshot } from '../../../src/decoding/generation.ts';

/** Chooses an id from the first logit; emits one token a step, `maxTokens` in total. */
export function createFakeGeneration(
  maxTokens: number,
  from?: GenerationSnapshot | null,
  textOnly = false,
): Generation {
  let count = from?.count ?? 0;
  return {
    textOnly,
    next(logits) {
      const id = Math.min(9, Math.floor((logits[0]! + 1) * 5));
      count++;
      const token = { id, text: String(id), logprob: logits[1]!, top: [] };
      return { id, emitted: [token], finish: count === maxTokens ? 'length' : null };
    },
    snapshot: () => ({ rng: from?.rng as GenerationSnapshot['rng'], generated: [], count, pending: [] }),
  };
}
