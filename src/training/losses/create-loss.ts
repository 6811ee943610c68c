import type { Emitter } from '../../kernel/emit/emitter.ts';
import type { Loss, LossSpec } from '../loss.ts';
import { createElementwiseLoss } from './elementwise.ts';
import { createSoftmaxCrossEntropy } from './softmax-cross-entropy.ts';

/** @param width outputs of a step */
export const createLoss = (e: Emitter, spec: LossSpec, width: number): Loss =>
  spec.type === 'softmax_cross_entropy'
    ? createSoftmaxCrossEntropy(e, width, spec.label_smoothing)
    : createElementwiseLoss(spec, width);
