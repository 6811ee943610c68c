import type { ModelSpec } from '../network/spec.ts';
import { UnrollError } from '../errors.ts';
import { lossSpec, type LossSpec } from './loss.ts';
import type { TrainingSpec } from './training-spec.ts';

const regression: readonly LossSpec['type'][] = ['mean_squared', 'mean_absolute', 'huber'];

/** The loss that was asked for, or what fits the task. @throws UnrollError invalid_request for one that doesn't fit */
export function lossOf({ task, hyperparameters: { loss } }: TrainingSpec, model: ModelSpec): LossSpec {
  const fitting: readonly LossSpec['type'][] =
    task === 'predict'
      ? regression
      : model.outputs.multiLabel
        ? ['sigmoid_cross_entropy']
        : ['softmax_cross_entropy'];
  if (!loss) return lossSpec.parse({ type: fitting[0] });
  if (!fitting.includes(loss.type))
    throw new UnrollError(
      'invalid_request',
      `hyperparameters.loss.type: ${task} learns with ${fitting.join(' or ')}, was ${loss.type}`,
      { field: 'hyperparameters.loss.type' },
    );
  return loss;
}
