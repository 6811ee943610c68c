import type { ModelSpec } from '../../network/spec.ts';
import { UnrollError } from '../../errors.ts';
import { lossSpec, type LossSpec } from './loss.ts';
import type { TrainingSpec } from '../training-spec.ts';

const regression: readonly LossSpec['type'][] = ['mean_squared', 'mean_absolute', 'huber'];

/** The loss that was asked for, or what fits the task. @throws UnrollError invalid_request for one that doesn't fit */
export function resolveLoss(
  { task, hyperparameters: { loss, class_weights: weights } }: TrainingSpec,
  model: ModelSpec,
): LossSpec {
  const fitting: readonly LossSpec['type'][] =
    task === 'predict'
      ? regression
      : model.network.layers.at(-1)!.type === 'crf'
        ? ['crf']
        : model.outputs.multiLabel
          ? ['sigmoid_cross_entropy']
          : ['softmax_cross_entropy'];
  if (fitting.includes('crf') && weights !== undefined)
    throw new UnrollError(
      'invalid_request',
      'hyperparameters.class_weights: a crf learns whole sequences, which have no class of their own',
      { field: 'hyperparameters.class_weights' },
    );
  if (!loss) return lossSpec.parse({ type: fitting[0] });
  if (!fitting.includes(loss.type))
    throw new UnrollError(
      'invalid_request',
      `hyperparameters.loss.type: ${fitting.includes('crf') ? 'a crf' : task} learns with ${fitting.join(' or ')}, was ${loss.type}`,
      { field: 'hyperparameters.loss.type' },
    );
  return loss;
}
