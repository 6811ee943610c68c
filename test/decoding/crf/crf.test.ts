import { describe, expect, it } from 'vitest';
import { createCrfPotentials, type Crf } from '../../../src/decoding/crf/potentials.ts';
import { computeMarginals } from '../../../src/decoding/crf/marginals.ts';
import { createCrfLabeller } from '../../../src/decoding/crf/labeller.ts';
import { createViterbi } from '../../../src/decoding/crf/viterbi.ts';
import { createRng } from '../../../src/random.ts';

// Against every labelling there is, one by one.

function chainOf(labels: number, seed: number, width = 2): Crf {
  const random = createRng(seed);
  const draw = (length: number): Float32Array =>
    Float32Array.from({ length }, () => width * (2 * random.next() - 1));
  return { labels, transitions: draw(labels * labels), start: draw(labels), end: draw(labels) };
}
function scoresOf(steps: number, labels: number, seed: number): Float32Array[] {
  const random = createRng(seed, 9);
  return Array.from({ length: steps }, () =>
    Float32Array.from({ length: labels }, () => 3 * (2 * random.next() - 1)),
  );
}
/** The first label is the slowest digit. */
function* labellings(steps: number, labels: number): Generator<number[]> {
  for (let number = 0; number < labels ** steps; number++)
    yield Array.from({ length: steps }, (_, t) => Math.floor(number / labels ** (steps - 1 - t)) % labels);
}
function scoreOf(crf: Crf, scores: readonly Float32Array[], path: readonly number[]): number {
  let score = crf.start[path[0]!]! + crf.end[path.at(-1)!]!;
  path.forEach((label, t) => {
    score += scores[t]![label]!;
    if (t > 0) score += crf.transitions[path[t - 1]! * crf.labels + label]!;
  });
  return score;
}
const viterbiOf = (crf: Crf, scores: readonly Float32Array[]): number[] => {
  const viterbi = createViterbi(crf);
  for (const row of scores) viterbi.push(row);
  return [...viterbi.labels()];
};
const sizes = [
  [1, 1],
  [1, 4],
  [3, 1],
  [2, 2],
  [5, 3],
  [7, 2],
  [4, 5],
] as const;

describe.each(sizes)('a chain over %d steps of %d labels', (steps, labels) => {
  const crf = chainOf(labels, 1);
  const scores = scoresOf(steps, labels, 2);
  const all = [...labellings(steps, labels)].map((path) => ({ path, score: scoreOf(crf, scores, path) }));
  const most = Math.max(...all.map(({ score }) => score));
  const logZ = most + Math.log(all.reduce((sum, { score }) => sum + Math.exp(score - most), 0));
  const chance = (holds: (path: readonly number[]) => boolean): number =>
    all.reduce((sum, { path, score }) => sum + (holds(path) ? Math.exp(score - logZ) : 0), 0);
  const found = computeMarginals(
    createCrfPotentials(crf),
    Float64Array.from(scores.flatMap((row) => [...row])),
  );

  it('finds the best of all labellings', () => {
    expect(viterbiOf(crf, scores)).toEqual(all.find(({ score }) => score === most)!.path);
  });

  it('sums over all labellings', () => {
    expect(found.logZ).toBeCloseTo(logZ, 10);
    for (let t = 0; t < steps; t++)
      for (let k = 0; k < labels; k++)
        expect(found.marginals[t * labels + k]).toBeCloseTo(
          chance((path) => path[t] === k),
          10,
        );
    for (let from = 0; from < labels; from++)
      for (let to = 0; to < labels; to++) {
        let expected = 0;
        for (let t = 1; t < steps; t++) expected += chance((path) => path[t - 1] === from && path[t] === to);
        expect(found.pairCounts[from * labels + to]).toBeCloseTo(expected, 10);
      }
  });

  it('labels step by step as at once, with the probability of each', async () => {
    const labeller = createCrfLabeller(createCrfPotentials(crf));
    for (const row of scores) labeller.push(row);
    const path = viterbiOf(crf, scores);
    const answers = await labeller.finish();
    expect(answers.map(({ label }) => label)).toEqual(path);
    answers.forEach(({ label, probability }, t) =>
      expect(probability).toBeCloseTo(found.marginals[t * labels + label]!, 12),
    );
  });
});

describe('a chain', () => {
  it('labels nothing in an empty sequence', async () => {
    expect(await createCrfLabeller(createCrfPotentials(chainOf(3, 1))).finish()).toEqual([]);
  });

  it('decides equal ways for the first label', () => {
    const flat: Crf = {
      labels: 3,
      transitions: new Float32Array(9),
      start: new Float32Array(3),
      end: new Float32Array(3),
    };
    expect(
      viterbiOf(
        flat,
        scoresOf(4, 3, 1).map((row) => row.fill(1)),
      ),
    ).toEqual([0, 0, 0, 0]);
  });

  it('keeps to what may follow, also where the rest is forbidden by a large negative number', async () => {
    const [O, B, I] = [0, 1, 2];
    const crf = chainOf(3, 4, 0);
    crf.transitions[O * 3 + I] = -1e4;
    crf.start[I] = -1e4;
    // each step by itself would say I
    const scores = Array.from({ length: 5 }, () => Float32Array.of(0, 1, 3));
    const labeller = createCrfLabeller(createCrfPotentials(crf));
    for (const row of scores) labeller.push(row);
    const answers = await labeller.finish();
    expect(answers.map(({ label }) => label)).toEqual([B, I, I, I, I]);
    for (const { probability } of answers) expect(probability).toBeGreaterThan(0.5);
  });

  it('holds 20,000 steps without over- or underflow, and lets others run meanwhile', async () => {
    const crf = chainOf(40, 6, 8);
    const factors = createCrfPotentials(crf);
    const labeller = createCrfLabeller(factors);
    for (const row of scoresOf(20_000, 40, 7)) labeller.push(row.map((score) => 30 * score));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const answers = await labeller.finish();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
    for (const { probability } of answers) {
      expect(probability).toBeGreaterThan(0);
      expect(probability).toBeLessThan(1 + 1e-9);
    }
  });
});
