import { clearVectorRegisters } from '../../../kernel/compile.ts';
import { padded } from '../../../kernel/layout.ts';
import type { Loss, LossSpec } from '../loss.ts';
import { countPackedSteps } from '../../plan.ts';

type Elementwise = Exclude<LossSpec, { type: 'softmax_cross_entropy' | 'crf' }>;
/** Loss of one output y against its target, and its derivative. */
type PointLoss = (y: number, target: number) => readonly [loss: number, slope: number];

/** Losses computed for each output separately; a step's loss is the mean over its outputs. */
export function createElementwiseLoss(spec: Elementwise, width: number): Loss {
  const point = createPoint(spec);
  const stride = padded(width);
  return (_, { values: logits }, { values, weights }, plan) => {
    if (!values) throw new TypeError(`${spec.type} needs values`);
    clearVectorRegisters();
    let total = 0;
    for (let row = 0; row < countPackedSteps(plan); row++) {
      const first = row * stride;
      const weight = weights[row]! / width;
      if (weight === 0) {
        logits.fill(0, first, first + stride);
        continue;
      }
      for (let k = 0; k < width; k++) {
        const [loss, slope] = point(logits[first + k]!, values[row * width + k]!);
        total += weight * loss;
        logits[first + k] = weight * slope;
      }
      logits.fill(0, first + width, first + stride);
    }
    return total;
  };
}

function createPoint(spec: Elementwise): PointLoss {
  switch (spec.type) {
    case 'sigmoid_cross_entropy':
      // −t ln σ(y) − (1 − t) ln(1 − σ(y)), without overflow
      return (y, t) => [
        Math.max(y, 0) - y * t + Math.log1p(Math.exp(-Math.abs(y))),
        1 / (1 + Math.exp(-y)) - t,
      ];
    case 'mean_squared':
      return (y, t) => [(y - t) ** 2, 2 * (y - t)];
    case 'mean_absolute':
      return (y, t) => [Math.abs(y - t), Math.sign(y - t)];
    case 'huber': {
      // quadratic within delta, linear beyond (Huber 1964)
      const { delta } = spec;
      return (y, t) => {
        const d = y - t;
        return Math.abs(d) <= delta
          ? [0.5 * d * d, d]
          : [delta * (Math.abs(d) - 0.5 * delta), delta * Math.sign(d)];
      };
    }
  }
}
