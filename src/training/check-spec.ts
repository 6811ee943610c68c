import { UnrollError } from '../errors.ts';
import { decodingDefaults } from '../network/decoding-fields.ts';
import type { ResolvedNetwork } from '../network/encoder-decoder.ts';
import { checkCrf, checkEncoder, checkFrozen } from './data/fill-model.ts';
import { resolveLoss } from './optimise/task-loss.ts';
import { sizedNetwork } from './run/smallest-network.ts';
import type { TrainingSpec } from './training-spec.ts';

type Task = TrainingSpec['task'];

/**
 * Checks what can be known of a job before its data is read: layers, names and settings.
 * @throws UnrollError invalid_request with the field
 */
export function checkTrainingSpec(spec: TrainingSpec): void {
  try {
    checkTasks(spec);
    checkDecoding(spec);
    if (spec.network) checkNetwork({ ...spec, network: spec.network });
    else if (spec.base === undefined) refuse('network', 'is required without base');
  } catch (error) {
    if (!(error instanceof UnrollError) || error.code !== 'invalid_model') throw error;
    throw new UnrollError('invalid_request', error.message, {
      ...(error.field !== undefined && { field: error.field }),
    });
  }
}

/** Checks that no setting is of another task, where it would be ignored. */
function checkTasks(spec: TrainingSpec): void {
  const { task, inputs, outputs, series, hyperparameters: hyper } = spec;
  const only = (field: string, given: boolean, tasks: readonly Task[]): void => {
    if (given && !tasks.includes(task))
      refuse(field, `is only for ${tasks.join(' and ')}, the task is ${task}`);
  };
  const labelled: readonly Task[] = ['classify', 'tag'];
  only('outputs.labels', outputs.labels !== undefined, labelled);
  only('outputs.multi_label', outputs.multi_label, labelled);
  only('outputs.vocabulary', outputs.vocabulary !== undefined, ['decode']);
  only('outputs.units', outputs.units !== undefined, ['predict']);
  only('series', series !== undefined, ['predict']);
  only('inputs.kind', inputs?.kind === 'numeric', ['classify', 'predict']);
  only('hyperparameters.class_weights', hyper.class_weights !== undefined, labelled);
  only('hyperparameters.scheduled_sampling', hyper.scheduled_sampling > 0, ['decode']);
  only('hyperparameters.loss_at', hyper.loss_at === 'every_step', ['classify', 'predict']);
  if (spec.base !== undefined && spec.network)
    refuse('network', 'not allowed with base, whose network is used');
  checkClassWeights(spec);
}

function checkClassWeights({
  outputs: { labels },
  hyperparameters: { class_weights: weights },
}: TrainingSpec): void {
  if (!labels || typeof weights !== 'object') return;
  const unknown = Object.keys(weights).find((label) => !labels.includes(label));
  if (unknown !== undefined)
    refuse(`hyperparameters.class_weights.${unknown}`, 'is not one of outputs.labels');
}

function checkDecoding({ decoding }: TrainingSpec): void {
  const { success, error } = decodingDefaults.safeParse(decoding ?? {});
  if (success) return;
  const { path, message } = error.issues[0]!;
  refuse(['decoding', ...path].join('.'), message);
}

/** Two sizes of what comes from the data. A fault that is the same with both does not come from there. */
const sizes = [1, 7] as const;

function checkNetwork(spec: TrainingSpec & { readonly network: NonNullable<TrainingSpec['network']> }): void {
  checkEncoder(spec, spec.network);
  checkCrf(spec, spec.network);
  resolveLoss(spec, { network: spec.network, outputs: { multiLabel: spec.outputs.multi_label } });
  const [first, second] = sizes.map((size) => tryNetwork(spec, size));
  if (first instanceof UnrollError) {
    if (second instanceof UnrollError && second.message === first.message) throw first;
  } else checkFrozen(spec, first!);
}

function tryNetwork(spec: Parameters<typeof sizedNetwork>[0], size: number): ResolvedNetwork | UnrollError {
  try {
    return sizedNetwork(spec, size);
  } catch (error) {
    if (error instanceof UnrollError) return error;
    throw error;
  }
}

function refuse(field: string, message: string): never {
  throw new UnrollError('invalid_request', `${field}: ${message}`, { field });
}
