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
 * Reads a job's data, holds some back, builds vocabularies, labels and scales from the rest, and fills in what the network
 * leaves to the data.
 * @param base the model to go on from: its vocabulary, labels, scales and network hold
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
  const inTime = data.format === 'text' || spec.series !== undefined;
  const parts = validation
    ? { training: all, validation: await loadRecords(validation, spec.task, 'validation') }
    : inTime
      ? cutEnd(all, share, spec)
      : splitRecords(all, share, spec.seed);
  const encoding = createEncoding(spec, data.format, parts.training, base);
  const most = spec.hyperparameters.max_steps;
  const training = encodeAll(encoding, parts.training, most, spec, 'data');
  const measured =
    parts.validation.length > 0 ? encodeAll(encoding, parts.validation, most, spec, 'validation') : null;
  return {
    ...fillModel(spec, encoding, base),
    training: training.examples,
    validation: measured?.examples ?? null,
    skipped: training.leftOut + (measured?.leftOut ?? 0),
  };
}

function checkBase({ task, network }: TrainingSpec, base: ModelSpec | null): void {
  if (!base) {
    if (!network)
      throw new UnrollError('invalid_request', 'network: is needed where there is no base', {
        field: 'network',
      });
    return;
  }
  if (network)
    throw new UnrollError('invalid_request', 'network: comes from the base; give one of the two', {
      field: 'network',
    });
  if (base.task !== task)
    throw new UnrollError('invalid_request', `task: the base answers ${base.task}, not ${task}`, {
      field: 'task',
    });
}

/** What stands in order of time is measured on its end; a series' windows there may look back into what came before. */
function cutEnd(
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
  most: number,
  spec: TrainingSpec,
  field: 'data' | 'validation',
): { examples: Examples; leftOut: number } {
  const all = encoding.encode(records, field);
  const kept: Example[] = [];
  for (const example of all) {
    const sourceSteps = example.source ? example.source.length / encoding.sourceColumns : 0;
    if (encoding.kind === 'stream' || Math.max(example.steps, sourceSteps) <= most) kept.push(example);
  }
  if (kept.length === 0)
    throw new UnrollError(
      'invalid_dataset',
      `${field}: ${all.length === 0 ? 'gives no sequences' : `all ${all.length} sequences are longer than max_steps, ${most}`}`,
      { field },
    );
  const examples: Examples = {
    kind: encoding.kind,
    list: kept,
    inputColumns: encoding.inputColumns,
    sourceColumns: encoding.sourceColumns,
    outputs: encoding.outputs,
    classWeights: encoding.classWeights,
    everyStep: spec.hyperparameters.loss_at === 'every_step',
  };
  return { examples, leftOut: all.length - kept.length };
}
