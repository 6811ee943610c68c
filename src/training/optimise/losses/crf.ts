import { clearVectorRegisters } from '../../../kernel/compile.ts';
import { padded } from '../../../kernel/layout.ts';
import { createCrfPotentials } from '../../../decoding/crf/potentials.ts';
import { computeMarginals } from '../../../decoding/crf/marginals.ts';
import type { LearningCrf } from '../../../network/layers/crf/learn.ts';
import type { Loss } from '../loss.ts';

/**
 * −ln p(labels | scores) of each sequence, in nats (Lafferty et al. 2001). Its gradient is the expected count
 * minus the actual count of each label at each step, and of each pair of labels.
 */
export function createCrfLoss({ crf, gradient }: LearningCrf): Loss {
  const { labels } = crf;
  const stride = padded(labels);
  return (_, { values }, { classes, weights }, { offsets, steps }) => {
    if (!classes) throw new TypeError('a crf needs classes');
    clearVectorRegisters();
    const factors = createCrfPotentials(crf);
    const add = (to: Float32Array, at: number, slope: number): void => {
      to[at] = to[at]! + slope;
    };
    let loss = 0;
    for (let row = 0; row < (offsets[1] ?? 0); row++) {
      let length = 0;
      while (length < steps && offsets[length + 1]! - offsets[length]! > row) length++;
      const weight = weights[row]!;
      const first = (t: number): number => (offsets[t]! + row) * stride;
      const scores = new Float64Array(length * labels);
      for (let t = 0; t < length; t++) scores.set(values.subarray(first(t), first(t) + labels), t * labels);
      const { logZ, marginals, pairCounts: pairs } = computeMarginals(factors, scores);

      let score = 0;
      for (let t = 0; t < length; t++) {
        const label = classes[offsets[t]! + row]!;
        const before = t > 0 ? classes[offsets[t - 1]! + row]! : -1;
        score +=
          scores[t * labels + label]! +
          (t > 0 ? crf.transitions[before * labels + label]! : crf.start[label]!);
        if (t > 0) pairs[before * labels + label]! -= 1;
        marginals[t * labels + label]! -= 1;
      }
      score += crf.end[classes[offsets[length - 1]! + row]!]!;
      loss += weight * (logZ - score);

      for (let t = 0; t < length; t++) {
        for (let k = 0; k < labels; k++) values[first(t) + k] = weight * marginals[t * labels + k]!;
        values.fill(0, first(t) + labels, first(t) + stride);
      }
      for (let k = 0; k < labels; k++) {
        add(gradient.start, k, weight * marginals[k]!);
        add(gradient.end, k, weight * marginals[(length - 1) * labels + k]!);
      }
      for (let i = 0; i < pairs.length; i++) add(gradient.transitions, i, weight * pairs[i]!);
    }
    return loss;
  };
}
