import { clearVectorRegisters } from '../../../kernel/compile.ts';
import type { Emitter } from '../../../kernel/emit/emitter.ts';
import { padded } from '../../../kernel/layout.ts';
import { emitSoftmax } from '../../../kernel/emit/softmax.ts';
import type { Loss } from '../loss.ts';
import { countPackedSteps } from '../../plan.ts';

/** Lower bound of probabilities in the logarithm: softmax gives 0 below exp(−87). */
const minProbability = 1e-38;

/**
 * −Σ_k target_k · ln softmax(logits)_k, in nats. With smoothing ε the target is 1 − ε on the class and ε /
 * width on all (Szegedy et al. 2016).
 */
export function createSoftmaxCrossEntropy(e: Emitter, width: number, smoothing: number): Loss {
  const softmax = emitSoftmax(e, width);
  const stride = padded(width);
  const spread = smoothing / width;
  return (functions, { address, values }, { classes, weights }, plan) => {
    const rows = countPackedSteps(plan);
    if (!classes) throw new TypeError('softmax cross-entropy needs classes');
    functions[softmax]!(address, rows);
    clearVectorRegisters();
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const first = row * stride;
      const weight = weights[row]!;
      if (weight === 0) {
        values.fill(0, first, first + stride);
        continue;
      }
      const target = first + classes[row]!;
      loss -= weight * (1 - smoothing) * Math.log(Math.max(values[target]!, minProbability));
      if (smoothing > 0)
        for (let i = first; i < first + width; i++) {
          loss -= weight * spread * Math.log(Math.max(values[i]!, minProbability));
          values[i] = values[i]! - spread;
        }
      values[target] = values[target]! - (1 - smoothing);
      for (let i = first; i < first + width; i++) values[i] = values[i]! * weight;
      values.fill(0, first + width, first + stride);
    }
    return loss;
  };
}
