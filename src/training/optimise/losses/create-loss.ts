import type { Emitter } from '../../../kernel/emit/emitter.ts';
import type { LearningCrf } from '../../../network/layers/crf/learn.ts';
import type { Loss, LossSpec } from '../loss.ts';
import { createCrfLoss } from './crf.ts';
import { createElementwiseLoss } from './elementwise.ts';
import { createSoftmaxCrossEntropy } from './softmax-cross-entropy.ts';

/**
 * Creates the loss of a network. @param width outputs of a step
 * @param chain the network's last layer if it is a crf, else null
 */
export function createLoss(e: Emitter, spec: LossSpec, width: number, chain: LearningCrf | null): Loss {
  if (spec.type === 'softmax_cross_entropy') return createSoftmaxCrossEntropy(e, width, spec.label_smoothing);
  if (spec.type !== 'crf') return createElementwiseLoss(spec, width);
  if (!chain) throw new TypeError('the crf loss needs a network that ends in a crf layer');
  return createCrfLoss(chain);
}
