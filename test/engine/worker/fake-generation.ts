import type { Generation, GenerationSnapshot } from '../../../src/decoding/generation.ts';

/** Takes the id that the logits' first value falls on; one token a step, `most` in all. */
export function createFakeGeneration(most: number, from?: GenerationSnapshot | null): Generation {
  let count = from?.count ?? 0;
  return {
    next(logits) {
      const id = Math.min(9, Math.floor((logits[0]! + 1) * 5));
      count++;
      const token = { id, text: String(id), logprob: logits[1]!, top: [] };
      return { id, emitted: [token], finish: count === most ? 'length' : null };
    },
    snapshot: () => ({ rng: from?.rng as GenerationSnapshot['rng'], generated: [], count, pending: [] }),
  };
}
