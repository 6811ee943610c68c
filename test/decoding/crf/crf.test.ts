import { describe, expect, it } from 'vitest';
import { createCrfPotentials, type Crf } from '../../../src/decoding/crf/potentials.ts';
import { computeMarginals } from '../../../src/decoding/crf/marginals.ts';
import { createCrfLabeller } from '../../../src/decoding/crf/labeller.ts';
import { createViterbi } from '../../../src/decoding/crf/viterbi.ts';
import { createRng } from '../../../src/random.ts';

// Compared with an enumeration of all labellings.

function randomCrf(labels: number, seed: number, width = 2): Crf {
  const random = createRng(seed);
  const draw = (length: number): Float32Array =>
    Float32Array.from({ length }, () => width * (2 * random.next() - 1));
  return { labels, transitions: draw(labels * labels), start: draw(labels), end: draw(labels) };
}
function randomScores(steps: number, labels: number, seed: number): Float32Array[] {
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
function scoreLabelling(crf: Crf, scores: readonly Float32Array[], path: readonly number[]): number {
  let score = crf.start[path[0]!]! + crf.end[path.at(-1)!]!;
  path.forEach((label, t) => {
    score += scores[t]![label]!;
    if (t > 0) score += crf.transitions[path[t - 1]! * crf.labels + label]!;
  });
  return score;
}
const runViterbi = (crf: Crf, scores: readonly Float32Array[]): number[] => {
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

describe.each(sizes)('a CRF over %d steps of %d labels', (steps, labels) => {
  const crf = randomCrf(labels, 1);
  const scores = randomScores(steps, labels, 2);
  const all = [...labellings(steps, labels)].map((path) => ({
    path,
    score: scoreLabelling(crf, scores, path),
  }));
  const most = Math.max(...all.map(({ score }) => score));
  const logZ = most + Math.log(all.reduce((sum, { score }) => sum + Math.exp(score - most), 0));
  const chance = (includes: (path: readonly number[]) => boolean): number =>
    all.reduce((sum, { path, score }) => sum + (includes(path) ? Math.exp(score - logZ) : 0), 0);
  const found = computeMarginals(
    createCrfPotentials(crf),
    Float64Array.from(scores.flatMap((row) => [...row])),
  );

  it('finds the best labelling', () => {
    expect(runViterbi(crf, scores)).toEqual(all.find(({ score }) => score === most)!.path);
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

  it('labels step by step as at once, with marginal probabilities', async () => {
    const labeller = createCrfLabeller(createCrfPotentials(crf));
    for (const row of scores) labeller.push(row);
    const path = runViterbi(crf, scores);
    const labelled = await labeller.finish();
    expect(labelled.map(({ label }) => label)).toEqual(path);
    labelled.forEach(({ label, probability }, t) =>
      expect(probability).toBeCloseTo(found.marginals[t * labels + label]!, 12),
    );
  });
});

describe('a CRF', () => {
  it('labels nothing in an empty sequence', async () => {
    expect(await createCrfLabeller(createCrfPotentials(randomCrf(3, 1))).finish()).toEqual([]);
  });

  it('breaks ties for the first label', () => {
    const flat: Crf = {
      labels: 3,
      transitions: new Float32Array(9),
      start: new Float32Array(3),
      end: new Float32Array(3),
    };
    expect(
      runViterbi(
        flat,
        randomScores(4, 3, 1).map((row) => row.fill(1)),
      ),
    ).toEqual([0, 0, 0, 0]);
  });

  it('never outputs a transition forbidden by a large negative score', async () => {
    const [O, B, I] = [0, 1, 2];
    const crf = randomCrf(3, 4, 0);
    crf.transitions[O * 3 + I] = -1e4;
    crf.start[I] = -1e4;
    // each step by itself would say I
    const scores = Array.from({ length: 5 }, () => Float32Array.of(0, 1, 3));
    const labeller = createCrfLabeller(createCrfPotentials(crf));
    for (const row of scores) labeller.push(row);
    const labelled = await labeller.finish();
    expect(labelled.map(({ label }) => label)).toEqual([B, I, I, I, I]);
    for (const { probability } of labelled) expect(probability).toBeGreaterThan(0.5);
  });

  it('labels 20,000 steps without over- or underflow, and yields to the event loop', async () => {
    const crf = randomCrf(40, 6, 8);
    const potentials = createCrfPotentials(crf);
    const labeller = createCrfLabeller(potentials);
    for (const row of randomScores(20_000, 40, 7)) labeller.push(row.map((score) => 30 * score));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    const labelled = await labeller.finish();
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
    for (const { probability } of labelled) {
      expect(probability).toBeGreaterThan(0);
      expect(probability).toBeLessThan(1 + 1e-9);
    }
  });
});
