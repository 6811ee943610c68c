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

/** Encodes classify (many-to-one): a text or a series, and its label or labels. */
export function encodeClassify(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const first = toRecord(training[0]!, 'data');
  const isText = first.text !== undefined;
  const multiLabel = base?.outputs.multiLabel ?? spec.outputs.multi_label;
  const getLabels = ({ label, labels }: ClassifyRecord): readonly string[] => labels ?? [label!];
  const toCheckedRecord = (read: ReadRecord, field: string): ClassifyRecord => {
    const record = toRecord(read, field);
    if ((record.text !== undefined) !== isText)
      invalidLine(
        field,
        read.line,
        isText ? 'has values, but the first record has text' : 'has text, but the first record has values',
      );
    return record;
  };
  const records = training.map((read) => toCheckedRecord(read, 'data'));
  const labels = resolveLabels(spec, base, records.flatMap(getLabels));
  const counts = labels.labels.map(() => 0);
  training.forEach(({ line }, i) =>
    getLabels(records[i]!).forEach((label) => {
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
    modelOutputs: { labels: [...labels.labels], multiLabel },
    inputColumns: vocabulary ? vocabulary.columns.length : numeric!.features.length,
    sourceColumns: 0,
    classWeights: computeClassWeights(spec, labels.labels, counts),
    encode: (reads, field) =>
      reads.map((read): Example => {
        const record = toCheckedRecord(read, field);
        const { line } = read;
        const input = vocabulary
          ? vocabulary.encode(record.text!).ids
          : scaleRows(toRows(record.values!, base, spec), numeric!.features, field, line);
        const columns = vocabulary ? vocabulary.columns.length : numeric!.features.length;
        const steps = input.length / columns;
        if (steps === 0) invalidLine(field, line, 'the text has no known tokens');
        const ids = getLabels(record).map((label) => labels.findId(label, field, line));
        if (!multiLabel && ids.length !== 1)
          invalidLine(field, line, `${ids.length} labels, expected one unless outputs.multi_label is true`);
        const values = multiLabel ? new Float32Array(labels.labels.length) : null;
        for (const id of ids) if (values) values[id] = 1;
        return {
          steps,
          input,
          source: null,
          classes: multiLabel ? null : Int32Array.from(ids),
          values,
          line,
        };
      }),
  };
}

/** Converts a JSONL record, or a CSV row with the columns text and label. */
function toRecord({ record, row, line }: ReadRecord, field: string): ClassifyRecord {
  if (record) return record as ClassifyRecord;
  const { text, label } = row ?? {};
  if (text === undefined || label === undefined)
    throw new UnrollError(
      'invalid_dataset',
      `${field}: a CSV file for classify needs the columns text and label`,
      {
        field,
      },
    );
  if (text === '' || label === '') invalidLine(field, line, 'text or label is empty');
  return { text, label };
}
