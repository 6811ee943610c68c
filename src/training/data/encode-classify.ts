import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import { createVocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import type { ClassifyRecord } from './example-record.ts';
import { computeClassWeights, resolveLabels } from './labels.ts';
import { resolveNumericInput, toRows, scaleRows } from './numbers.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { resolveTextInput } from './text-input.ts';

/** Many-to-one: a text or a series and its label, or labels. */
export function encodeClassify(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const first = recordOf(training[0]!, 'data');
  const isText = first.text !== undefined;
  const many = base?.outputs.multiLabel ?? spec.outputs.multi_label;
  const labelsOfRecord = ({ label, labels }: ClassifyRecord): readonly string[] => labels ?? [label!];
  const checked = (read: ReadRecord, field: string): ClassifyRecord => {
    const record = recordOf(read, field);
    if ((record.text !== undefined) !== isText)
      invalidLine(
        field,
        read.line,
        isText ? 'holds values, the first record holds text' : 'holds text, the first record holds values',
      );
    return record;
  };
  const records = training.map((read) => checked(read, 'data'));
  const labels = resolveLabels(spec, base, records.flatMap(labelsOfRecord));
  const counts = labels.labels.map(() => 0);
  training.forEach(({ line }, i) =>
    labelsOfRecord(records[i]!).forEach((label) => {
      const id = labels.findId(label, 'data', line);
      counts[id] = counts[id]! + 1;
    }),
  );
  const text = isText
    ? resolveTextInput(
        spec,
        base,
        records.flatMap(({ text: one }) => one ?? []),
        ['unknown'],
      )
    : null;
  const numeric = isText
    ? null
    : resolveNumericInput(
        spec,
        base,
        records.map(({ values }) => toRows(values!, base, spec)),
      );
  const vocabulary = text && createVocabulary(text);
  const inputs = (text ?? numeric)!;

  return {
    kind: 'sequences',
    inputs,
    outputs: labels.labels.length,
    modelOutputs: { labels: [...labels.labels], multiLabel: many },
    inputColumns: vocabulary ? vocabulary.columns.length : numeric!.features.length,
    sourceColumns: 0,
    classWeights: computeClassWeights(spec, labels.labels, counts),
    encode: (reads, field) =>
      reads.map((read): Example => {
        const record = checked(read, field);
        const { line } = read;
        const input = vocabulary
          ? vocabulary.encode(record.text!).ids
          : scaleRows(toRows(record.values!, base, spec), numeric!.features, field, line);
        const columns = vocabulary ? vocabulary.columns.length : numeric!.features.length;
        const steps = input.length / columns;
        if (steps === 0) invalidLine(field, line, 'the text has no known tokens');
        const ids = labelsOfRecord(record).map((label) => labels.findId(label, field, line));
        if (!many && ids.length !== 1)
          invalidLine(field, line, `${ids.length} labels, one is wanted unless outputs.multi_label is true`);
        const values = many ? new Float32Array(labels.labels.length) : null;
        for (const id of ids) if (values) values[id] = 1;
        return { steps, input, source: null, classes: many ? null : Int32Array.from(ids), values, line };
      }),
  };
}

/** A JSONL record, or a CSV row with the columns text and label. */
function recordOf({ record, row, line }: ReadRecord, field: string): ClassifyRecord {
  if (record) return record as ClassifyRecord;
  const { text, label } = row ?? {};
  if (text === undefined || label === undefined)
    throw new UnrollError('invalid_dataset', `${field}: a CSV to classify has the columns text and label`, {
      field,
    });
  if (text === '' || label === '') invalidLine(field, line, 'text or label is empty');
  return { text, label };
}
