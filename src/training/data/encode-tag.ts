import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import { createVocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import type { TagRecord } from './example-record.ts';
import { computeClassWeights, resolveLabels } from './labels.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { resolveTextInput } from './text-input.ts';

/** Encodes tag (synchronous many-to-many): a label for every token. */
export function encodeTag(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const records = training.map(toRecord);
  const labels = resolveLabels(
    spec,
    base,
    records.flatMap((record) => record.labels),
  );
  const counts = labels.labels.map(() => 0);
  records.forEach((record, i) =>
    record.labels.forEach((label) => {
      const id = labels.findId(label, 'data', training[i]!.line);
      counts[id] = counts[id]! + 1;
    }),
  );
  const inputs = resolveTextInput(
    spec,
    base,
    records.map(({ tokens, text }) => tokens ?? text!),
    ['unknown'],
  );
  const vocabulary = createVocabulary(inputs);
  const columns = vocabulary.columns.length;

  return {
    kind: 'sequences',
    inputs,
    outputs: labels.labels.length,
    modelOutputs: { labels: [...labels.labels] },
    inputColumns: columns,
    sourceColumns: 0,
    classWeights: computeClassWeights(spec, labels.labels, counts),
    encode: (reads, field) =>
      reads.map((read): Example => {
        const { tokens, text, labels: expectedLabels } = toRecord(read);
        const { ids: input } = tokens ? vocabulary.encodeTokens(tokens) : vocabulary.encode(text!);
        const steps = input.length / columns;
        if (steps !== expectedLabels.length)
          invalidLine(field, read.line, `${expectedLabels.length} labels for ${steps} tokens`);
        const classes = Int32Array.from(expectedLabels, (label) => labels.findId(label, field, read.line));
        return { steps, input, source: null, classes, values: null, line: read.line };
      }),
  };
}

function toRecord({ record }: ReadRecord): TagRecord {
  if (!record)
    throw new UnrollError('invalid_dataset', 'data: tag needs JSONL: {"tokens": […], "labels": […]}', {
      field: 'data',
    });
  return record as TagRecord;
}
