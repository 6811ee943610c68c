import { UnrollError } from '../../errors.ts';
import { lossSpec, type LossSpec } from './loss.ts';
import type { TrainingSpec } from '../training-spec.ts';

const regression: readonly LossSpec['type'][] = ['mean_squared', 'mean_absolute', 'huber'];

/**
 * The requested loss, or the task's default.
 * @throws UnrollError invalid_request for a loss that the task does not support
 */
export function resolveLoss(
  { task, hyperparameters: { loss, class_weights: weights } }: Pick<TrainingSpec, 'task' | 'hyperparameters'>,
  model: {
    readonly network: { readonly layers: readonly { readonly type: string }[] };
    readonly outputs: { readonly multiLabel: boolean };
  },
): LossSpec {
  const supported: readonly LossSpec['type'][] =
    task === 'predict'
      ? regression
      : model.network.layers.at(-1)!.type === 'crf'
        ? ['crf']
        : model.outputs.multiLabel
          ? ['sigmoid_cross_entropy']
          : ['softmax_cross_entropy'];
  if (supported.includes('crf') && weights !== undefined)
    throw new UnrollError(
      'invalid_request',
      'hyperparameters.class_weights: not supported with a crf, whose loss is over whole sequences',
      { field: 'hyperparameters.class_weights' },
    );
  if (!loss) return lossSpec.parse({ type: supported[0] });
  if (!supported.includes(loss.type))
    throw new UnrollError(
      'invalid_request',
      `hyperparameters.loss.type: must be ${supported.join(' or ')} for ${supported.includes('crf') ? 'a crf' : task}, was ${loss.type}`,
      { field: 'hyperparameters.loss.type' },
    );
  return loss;
}
