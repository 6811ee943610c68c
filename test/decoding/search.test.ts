import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/random.ts';
import { type DecodedToken, type DecodeOptions, type Hypothesis } from '../../src/decoding/search.ts';
import { createSearch } from '../../src/decoding/create-search.ts';

// A toy network: the logits of the next token are random numbers seeded by the tokens so far.

const startId = 0;
const endId = 1;
const plain: DecodeOptions = {
  mode: 'greedy',
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 1,
  choice: 0,
  beamSize: 1,
  hypotheses: 1,
  patience: 1,
  lengthPenalty: 0,
  coveragePenalty: 0,
  maxLength: 6,
  minLength: 0,
  noRepeatNgram: 0,
  prefix: [],
  suppress: [],
  returnAttention: false,
};

function toy(seed: number, vocabulary: number) {
  const computeLogits = (ids: readonly number[]): number[] => {
    const random = createRng(ids.reduce((code, id) => code * 31 + id + 7, seed + 1) % 2 ** 31);
    return Array.from({ length: vocabulary }, () => Math.fround(4 * random.next() - 2));
  };
  const logprobs = (ids: readonly number[]): number[] => {
    const logits = computeLogits(ids);
    const largest = Math.max(...logits);
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return logits.map((logit) => logit - largest - total);
  };
  /** Three steps of a source, with attention weights seeded by the tokens so far. */
  const computeAttention = (ids: readonly number[]): Float32Array => {
    const random = createRng(ids.length * 97 + seed);
    const raw = Array.from({ length: 3 }, () => random.next());
    const sum = raw.reduce((all, one) => all + one, 0);
    return Float32Array.from(raw, (one) => one / sum);
  };
  return { vocabulary, computeLogits, logprobs, computeAttention };
}
type Toy = ReturnType<typeof toy>;

/** Runs a search as the batcher does. */
function decode(
  network: Toy,
  options: Partial<DecodeOptions>,
): { outputs: readonly Hypothesis[]; emitted: DecodedToken[]; early: number; most: number } {
  const search = createSearch({ ...plain, ...options }, { startId, endId });
  let rows: number[][] = [[]];
  const emitted: DecodedToken[] = [];
  let most = 1;
  let early = 0;
  for (;;) {
    const logits = Float32Array.from(rows.flatMap((ids) => network.computeLogits(ids)));
    const before = logits.slice();
    const step = search.next(
      logits,
      network.vocabulary,
      rows.map((ids) => network.computeAttention(ids)),
    );
    expect(logits).toEqual(before);
    emitted.push(...step.emitted);
    if (step.done) return { outputs: step.done, emitted, early, most };
    early += step.emitted.length;
    rows = step.keep.map((row, i) => [...rows[row]!, step.ids[i]!]);
    most = Math.max(most, rows.length);
    expect(rows.length).toBeLessThanOrEqual(search.rows);
  }
}

/** Every output there is, with its score, best first. */
function enumerate(network: Toy, maxLength: number, alpha: number): { ids: number[]; score: number }[] {
  const all: { ids: number[]; score: number }[] = [];
  const visit = (ids: number[], sum: number): void => {
    network.logprobs(ids).forEach((logprob, id) => {
      if (id === startId) return;
      const total = sum + logprob;
      const length = ids.length + 1;
      const score = total / ((5 + length) / 6) ** alpha;
      if (id === endId) all.push({ ids, score });
      else if (length === maxLength) all.push({ ids: [...ids, id], score });
      else visit([...ids, id], total);
    });
  };
  visit([], 0);
  return all.sort((a, b) => b.score - a.score);
}

describe('beam search', () => {
  it('of size one equals greedy search, bit for bit', () => {
    for (let seed = 0; seed < 50; seed++) {
      const network = toy(seed, 7);
      const [greedy] = decode(network, {}).outputs;
      const [beam] = decode(network, { mode: 'beam' }).outputs;
      expect(beam).toEqual(greedy);
    }
  });

  it.each([0, 0.6, 1])(
    'as wide as there are outputs finds the best of all, length penalty %d',
    (lengthPenalty) => {
      for (let seed = 0; seed < 20; seed++) {
        const network = toy(seed, 4);
        const wanted = enumerate(network, 4, lengthPenalty).slice(0, 5);
        const { outputs } = decode(network, {
          mode: 'beam',
          beamSize: 200,
          hypotheses: 5,
          maxLength: 4,
          lengthPenalty,
        });
        expect(outputs.map(({ ids }) => ids)).toEqual(wanted.map(({ ids }) => ids));
        outputs.forEach(({ score }, i) => expect(score).toBeCloseTo(wanted[i]!.score, 10));
      }
    },
  );

  it('never has more rows than its size, and returns its outputs best first', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { outputs, most } = decode(toy(seed, 9), {
        mode: 'beam',
        beamSize: 5,
        hypotheses: 4,
        lengthPenalty: 0.6,
      });
      expect(most).toBeLessThanOrEqual(5);
      const scores = outputs.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }
  });

  it('emits a token as soon as it is certain, and retracts none', () => {
    let before = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { outputs, emitted, early } = decode(toy(seed, 5), {
        mode: 'beam',
        beamSize: 3,
        minLength: 5,
        maxLength: 8,
      });
      before += early;
      expect(emitted.map(({ id }) => id)).toEqual(outputs[0]!.ids);
      expect(emitted.map(({ index }) => index)).toEqual(outputs[0]!.ids.map((_, i) => i));
      emitted.forEach(({ logprob }, i) => expect(logprob).toBe(outputs[0]!.logprobs[i]));
    }
    // before the end, that is
    expect(before).toBeGreaterThan(40);
  });

  it('scores coverage by its formula', () => {
    const network = toy(3, 6);
    const { outputs } = decode(network, {
      mode: 'beam',
      beamSize: 4,
      hypotheses: 3,
      coveragePenalty: 0.7,
      returnAttention: true,
    });
    for (const { score, logprobs, attention } of outputs) {
      expect(attention).toHaveLength(logprobs.length);
      const looked = [0, 1, 2].map((i) => attention!.reduce((sum, row) => sum + row[i]!, 0));
      const coverage = looked.reduce((sum, one) => sum + Math.log(Math.min(1, one)), 0);
      expect(score).toBeCloseTo(logprobs.reduce((sum, one) => sum + one, 0) + 0.7 * coverage, 10);
    }
  });
});

describe.each(['greedy', 'sample', 'beam'] as const)('rules of %s', (mode) => {
  const run = (options: Partial<DecodeOptions>, seed = 5, vocabulary = 6) =>
    decode(toy(seed, vocabulary), { mode, beamSize: mode === 'beam' ? 3 : 1, ...options }).outputs[0]!;
  const seeds = Array.from({ length: 20 }, (_, i) => i);

  it('never output a suppressed token or the start id', () => {
    for (const seed of seeds) {
      const { ids } = run({ suppress: [2, 3], maxLength: 12 }, seed);
      for (const id of [startId, 2, 3]) expect(ids).not.toContain(id);
    }
  });
  it('keep the output between the minimum and the maximum length', () => {
    for (const seed of seeds) {
      const { ids, finish } = run({ minLength: 4, maxLength: 5 }, seed);
      expect(ids.length).toBeGreaterThanOrEqual(4);
      expect(ids.length).toBeLessThanOrEqual(5);
      if (finish === 'length') expect(ids).toHaveLength(5);
    }
  });
  it('begin the output with the prefix', () => {
    for (const seed of seeds)
      expect(run({ prefix: [4, 2], maxLength: 5 }, seed).ids.slice(0, 2)).toEqual([4, 2]);
  });
  it('never repeat a run of tokens', () => {
    for (const seed of seeds) {
      const { ids } = run({ noRepeatNgram: 2, minLength: 8, maxLength: 12 }, seed);
      const pairs = ids.slice(1).map((id, i) => `${ids[i]} ${id}`);
      expect(new Set(pairs).size).toBe(pairs.length);
    }
  });
  it('fail with a named error where every token is forbidden', () => {
    expect(() => run({ suppress: [1, 2, 3, 4, 5] })).toThrow(/forbid every token/);
  });
});

describe('sampling', () => {
  const draw = (options: Partial<DecodeOptions>) =>
    decode(toy(8, 9), { mode: 'sample', maxLength: 12, ...options }).outputs[0]!.ids.join();

  it('draws the same for the same seed and choice', () => {
    expect(draw({ seed: 3 })).toBe(draw({ seed: 3 }));
    const drawn = new Set(Array.from({ length: 10 }, (_, choice) => draw({ seed: 3, choice })));
    expect(drawn.size).toBeGreaterThan(3);
  });
  it('is greedy where only the most likely token may be drawn', () => {
    const [greedy] = decode(toy(8, 9), { maxLength: 12 }).outputs;
    expect(draw({ topK: 1 })).toBe(greedy!.ids.join());
  });
});
