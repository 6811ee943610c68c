import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { createEncoding } from './create-encoding.ts';
import type { Encoding } from './encoding.ts';
import { fillModel } from './fill-model.ts';
import { loadRecords, splitRecords } from './load-records.ts';
import type { Example, Examples, PreparedTraining } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';

/**
 * Reads a job's data, splits off validation data, builds vocabularies, labels and scales from the training
 * data, and completes the network.
 * @param base the base model, whose vocabulary, labels, scales and network are used
 * @throws UnrollError invalid_dataset, invalid_model, invalid_request
 */
export async function prepareTraining(
  spec: TrainingSpec,
  data: DataFile,
  validation: DataFile | null,
  base: ModelSpec | null,
): Promise<PreparedTraining> {
  checkBase(spec, base);
  const all = await loadRecords(data, spec.task, 'data');
  const share = 'share' in spec.validation ? spec.validation.share : 0;
  const isOrdered = data.format === 'text' || spec.series !== undefined;
  const split = validation
    ? { training: all, validation: await loadRecords(validation, spec.task, 'validation') }
    : isOrdered
      ? splitEnd(all, share, spec)
      : splitRecords(all, share, spec.seed);
  const encoding = createEncoding(spec, data.format, split.training, base);
  const maxSteps = spec.hyperparameters.max_steps;
  const training = encodeAll(encoding, split.training, maxSteps, spec, 'data');
  const measured =
    split.validation.length > 0 ? encodeAll(encoding, split.validation, maxSteps, spec, 'validation') : null;
  return {
    ...fillModel(spec, encoding, base),
    training: training.examples,
    validation: measured?.examples ?? null,
    skipped: training.skipped + (measured?.skipped ?? 0),
  };
}

function checkBase({ task, network }: TrainingSpec, base: ModelSpec | null): void {
  if (!base) {
    if (!network)
      throw new UnrollError('invalid_request', 'network: is required without base', {
        field: 'network',
      });
    return;
  }
  if (network)
    throw new UnrollError('invalid_request', 'network: not allowed with base, whose network is used', {
      field: 'network',
    });
  if (base.task !== task)
    throw new UnrollError(
      'invalid_request',
      `task: must be ${base.task}, the task of the base model, was ${task}`,
      {
        field: 'task',
      },
    );
}

/** Splits the end off ordered data for validation; windows of a series may begin before it. */
function splitEnd(
  records: readonly ReadRecord[],
  share: number,
  { series }: TrainingSpec,
): ReturnType<typeof splitRecords<ReadRecord>> {
  const end = records.length - Math.floor(records.length * share);
  const from = series ? Math.max(0, end - series.window) : end;
  return { training: records.slice(0, end), validation: end < records.length ? records.slice(from) : [] };
}

function encodeAll(
  encoding: Encoding,
  records: readonly ReadRecord[],
  maxSteps: number,
  spec: TrainingSpec,
  field: 'data' | 'validation',
): { examples: Examples; skipped: number } {
  const all = encoding.encode(records, field);
  const examplesWithinLimit: Example[] = [];
  for (const example of all) {
    const sourceSteps = example.source ? example.source.length / encoding.sourceColumns : 0;
    if (encoding.kind === 'stream' || Math.max(example.steps, sourceSteps) <= maxSteps)
      examplesWithinLimit.push(example);
  }
  if (examplesWithinLimit.length === 0)
    throw new UnrollError(
      'invalid_dataset',
      `${field}: ${all.length === 0 ? 'has no sequences' : `all ${all.length} sequences are longer than max_steps, ${maxSteps}`}`,
      { field },
    );
  const examples: Examples = {
    kind: encoding.kind,
    list: examplesWithinLimit,
    inputColumns: encoding.inputColumns,
    sourceColumns: encoding.sourceColumns,
    outputs: encoding.outputs,
    classWeights: encoding.classWeights,
    everyStep: spec.hyperparameters.loss_at === 'every_step',
  };
  return { examples, skipped: all.length - examplesWithinLimit.length };
}
