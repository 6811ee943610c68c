import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectCandidates, drawCandidate, topIndexes } from '../../src/decoding/candidates.ts';
import { logSumExp } from '../../src/decoding/logits-process.ts';
import { createRng } from '../../src/random.ts';

const vocabulary = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 300 });
const toLogProbabilities = (logits: Float64Array): Float64Array => {
  const logSum = logSumExp(logits);
  return logits.map((logit) => logit - logSum);
};
const scored = vocabulary.map((logits) => toLogProbabilities(Float64Array.from(logits)));
const all = { topK: 0, topP: 1, minP: 0 };
const inOrder = (ids: Int32Array): number[] => Array.from(ids.toSorted());
const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

describe('topIndexes', () => {
  it('equals a truncated full sort, for any size', () => {
    // few different values, so that ties are common
    const values = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 400 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 420 }), (array, count) => {
        const expected = array.map((_, i) => i).sort((a, b) => array[b]! - array[a]! || a - b);
        expect([...topIndexes(Float64Array.from(array), count)]).toEqual(expected.slice(0, count));
      }),
    );
  });
});

describe('candidates', () => {
  it('are all tokens with unchanged probabilities without limits', () => {
    fc.assert(
      fc.property(scored, (scores) => {
        const { ids, probabilities } = selectCandidates(scores, 1, all);
        expect([...ids]).toEqual([...scores.keys()]);
        probabilities.forEach((probability, i) => expect(probability).toBeCloseTo(Math.exp(scores[i]!), 10));
      }),
    );
  });

  it('are exactly the k most likely', () => {
    fc.assert(
      fc.property(scored, fc.integer({ min: 1, max: 320 }), (scores, topK) => {
        const { ids, probabilities } = selectCandidates(scores, 1, { ...all, topK });
        expect(inOrder(ids)).toEqual(inOrder(topIndexes(scores, Math.min(topK, scores.length))));
        expect(sum(probabilities)).toBeCloseTo(1, 10);
      }),
    );
  });

  it('are the fewest tokens that reach p', () => {
    fc.assert(
      fc.property(scored, fc.double({ min: 0.01, max: 0.999, noNaN: true }), (scores, topP) => {
        const { ids } = selectCandidates(scores, 1, { ...all, topP });
        const likeliest = topIndexes(scores, ids.length);
        const reached = likeliest.reduce((total, id) => total + Math.exp(scores[id]!), 0);
        const withoutLast = reached - Math.exp(scores[likeliest.at(-1)!]!);
        expect(inOrder(ids)).toEqual(inOrder(likeliest));
        expect(reached).toBeGreaterThan(topP - 1e-9);
        if (ids.length > 1) expect(withoutLast).toBeLessThan(topP + 1e-9);
      }),
    );
  });

  it('are the tokens within a ratio of the most likely', () => {
    fc.assert(
      fc.property(scored, fc.double({ min: 0.001, max: 1, noNaN: true }), (scores, minP) => {
        const { ids } = selectCandidates(scores, 1, { ...all, minP });
        const least = Math.max(...scores) + Math.log(minP);
        const kept = new Set(ids);
        scores.forEach((score, id) => {
          if (score > least + 1e-9) expect(kept.has(id)).toBe(true);
          if (score < least - 1e-9) expect(kept.has(id)).toBe(false);
        });
      }),
    );
  });

  it('get sharper at lower temperatures and flatter at higher', () => {
    const scores = toLogProbabilities(Float64Array.of(2, 1, 0));
    const at = (temperature: number): number => selectCandidates(scores, temperature, all).probabilities[0]!;
    expect(at(0.1)).toBeGreaterThan(0.9999);
    expect(at(100)).toBeCloseTo(1 / 3, 2);
    expect(at(1)).toBeCloseTo(Math.exp(scores[0]!), 12);
  });

  it('keep k tokens, the lower ids of equals, also where one has nearly all the probability', () => {
    const scores = Float64Array.from({ length: 200 }, (_, id) => (id === 150 ? 0 : -40));
    for (const topK of [1, 2, 64, 65, 130, 199, 200]) {
      const { ids } = selectCandidates(scores, 1, { ...all, topK });
      const lower = Array.from({ length: topK - 1 }, (_, i) => (i < 150 ? i : i + 1));
      expect(inOrder(ids)).toEqual([...lower, 150].sort((a, b) => a - b));
    }
  });

  it('are the most likely token alone at the lowest temperatures, and sum to 1', () => {
    fc.assert(
      fc.property(
        scored,
        fc.constantFrom(5e-324, 1e-300, 1e-9, 1e-3, 100),
        fc.constantFrom({}, { topK: 5 }, { topK: 100 }, { topP: 0.5 }, { minP: 0.1 }),
        (scores, temperature, limits) => {
          const { ids, probabilities } = selectCandidates(scores, temperature, { ...all, ...limits });
          expect(sum(probabilities)).toBeCloseTo(1, 10);
          const best = scores[topIndexes(scores, 1)[0]!];
          if (temperature < 1e-200)
            probabilities.forEach((probability, i) => expect(probability > 0).toBe(scores[ids[i]!] === best));
        },
      ),
    );
  });

  it('apply p to the probability of the k tokens where both are limited', () => {
    const scores = Float64Array.of(0.4, 0.3, 0.2, 0.1).map(Math.log);
    expect([...selectCandidates(scores, 1, { ...all, topK: 2, topP: 0.57 }).ids]).toEqual([0]);
    expect([...selectCandidates(scores, 1, { ...all, topK: 2, topP: 0.58 }).ids]).toEqual([0, 1]);
  });

  it('apply p to the whole vocabulary, also where many tokens are needed', () => {
    const flat = toLogProbabilities(new Float64Array(300));
    expect([...selectCandidates(flat, 1, { ...all, topP: 0.5 }).ids]).toEqual([...Array(150).keys()]);
    // the first 20 hold less than half of it, though more than half of the likeliest few
    expect(selectCandidates(flat, 1, { ...all, topP: 20.5 / 300 }).ids).toHaveLength(21);
  });

  it('end with the token that reaches p, and include those exactly at min_p', () => {
    const scores = Float64Array.of(0.5, 0.25, 0.25).map(Math.log);
    expect([...selectCandidates(scores, 1, { ...all, topP: 0.5 }).ids]).toEqual([0]);
    expect([...selectCandidates(scores, 1, { ...all, topP: 0.75 }).ids]).toEqual([0, 1]);
    expect([...selectCandidates(Float64Array.of(-1, -2, -1), 1, { ...all, minP: 1 }).ids]).toEqual([0, 2]);
  });

  it('never include a token of probability 0 where there is a limit', () => {
    const scores = Float64Array.of(0, -Infinity, -Infinity);
    expect([...selectCandidates(scores, 1, { ...all, topK: 3 }).ids]).toEqual([0]);
    expect([...selectCandidates(scores, 1, { ...all, topP: 0.99 }).ids]).toEqual([0]);
  });
});

describe('drawCandidate', () => {
  it('draws each candidate with its probability', () => {
    const scores = toLogProbabilities(Float64Array.of(3, 2, 1, 0, -1));
    const chosen = selectCandidates(scores, 1, { ...all, topK: 4 });
    const rng = createRng(11);
    const counts = new Map<number, number>();
    const rounds = 50_000;
    for (let i = 0; i < rounds; i++) {
      const id = drawCandidate(chosen, rng.next());
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    const chi = chosen.probabilities.reduce((total, probability, i) => {
      const expected = probability * rounds;
      return total + (counts.get(chosen.ids[i]!)! - expected) ** 2 / expected;
    }, 0);
    // χ² with 3 degrees of freedom is above 16.3 once in a thousand seeds
    expect(chi).toBeLessThan(16.3);
  });

  it('maps each candidate to its interval of [0, 1), lower end included', () => {
    const halves = { ids: Int32Array.of(4, 9), probabilities: Float64Array.of(0.5, 0.5) };
    expect([0, 0.4999, 0.5, 0.9999].map((number) => drawCandidate(halves, number))).toEqual([4, 4, 9, 9]);
  });

  it('returns the last candidate where rounding leaves a remainder', () => {
    expect(
      drawCandidate({ ids: Int32Array.of(4, 9), probabilities: Float64Array.of(0.5, 0.4999999) }, 0.99999999),
    ).toBe(9);
  });
});
