import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import { createVocabulary, type Vocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { buildVocabulary } from './build-vocabulary.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import type { DecodeRecord } from './example-record.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { defaultText, resolveTextInput } from './text-input.ts';

/** Encodes decode (delayed many-to-many): the decoder reads start + target and predicts target + end. */
export function encodeDecode(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const records = training.map(toRecord);
  const inputs = resolveTextInput(
    spec,
    base,
    records.map(({ source }) => source),
    ['unknown'],
  );
  const target =
    base?.outputs.vocabulary ??
    buildVocabulary(
      spec.outputs.vocabulary ?? defaultText,
      records.map((record) => record.target),
      ['start', 'end'],
    );
  const sourceVocabulary = createVocabulary(inputs);
  const targetVocabulary = createVocabulary(target);
  if (targetVocabulary.columns.length > 1)
    throw new UnrollError(
      'invalid_request',
      'outputs.vocabulary.characters: not supported for the output of a decoder',
      {
        field: 'outputs.vocabulary.characters',
      },
    );
  const [start, end] = [targetVocabulary.startId!, targetVocabulary.endId!];

  return {
    kind: 'sequences',
    inputs,
    outputs: target.tokens.length,
    modelOutputs: { vocabulary: target },
    inputColumns: 1,
    sourceColumns: sourceVocabulary.columns.length,
    classWeights: null,
    encode: (reads, field) =>
      reads.map((read): Example => {
        const record = toRecord(read);
        const { ids: source } = encodeText(sourceVocabulary, record.source);
        const { ids: targetIds, unknown } = encodeText(targetVocabulary, record.target);
        if (source.length === 0) invalidLine(field, read.line, 'the source has no known tokens');
        if (unknown > 0)
          invalidLine(field, read.line, 'the target has a token that is not in the vocabulary');
        return {
          steps: targetIds.length + 1,
          input: Int32Array.from([start, ...targetIds]),
          source,
          classes: Int32Array.from([...targetIds, end]),
          values: null,
          line: read.line,
        };
      }),
  };
}

const encodeText = (
  vocabulary: Vocabulary,
  text: string | readonly string[],
): { readonly ids: Int32Array; readonly unknown: number } =>
  typeof text === 'string' ? vocabulary.encode(text) : vocabulary.encodeTokens(text);

/** Converts a JSONL record, or a CSV row with the columns source and target. */
function toRecord({ record, row }: ReadRecord): DecodeRecord {
  if (record) return record as DecodeRecord;
  const { source, target } = row ?? {};
  if (source === undefined || target === undefined)
    throw new UnrollError(
      'invalid_dataset',
      'data: a CSV file for decode needs the columns source and target',
      {
        field: 'data',
      },
    );
  return { source, target };
}
