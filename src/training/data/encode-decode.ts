import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import { createVocabulary, type Vocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { buildVocabulary } from './build-vocabulary.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import type { DecodeRecord } from './example-record.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { resolveTextInput } from './text-input.ts';

/** Many-to-many delayed: the decoder reads the start id and the target, and should answer the target and the end id. */
export function encodeDecode(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const records = training.map(recordOf);
  const inputs = resolveTextInput(
    spec,
    base,
    records.map(({ source }) => source),
    ['unknown'],
  );
  const target =
    base?.outputs.vocabulary ??
    buildVocabulary(
      spec.outputs.vocabulary ?? {
        kind: 'text',
        vocabulary: 'characters',
        min_count: 1,
        max_tokens: 50_000,
        lowercase: false,
        normalize: 'NFC',
      },
      records.map((record) => record.target),
      ['start', 'end'],
    );
  const reading = createVocabulary(inputs);
  const writing = createVocabulary(target);
  if (writing.columns.length > 1)
    throw new UnrollError(
      'invalid_request',
      'outputs.vocabulary.characters: a decoder writes words, not their characters',
      {
        field: 'outputs.vocabulary.characters',
      },
    );
  const [start, end] = [writing.startId!, writing.endId!];

  return {
    kind: 'sequences',
    inputs,
    outputs: target.tokens.length,
    modelOutputs: { vocabulary: target },
    inputColumns: 1,
    sourceColumns: reading.columns.length,
    classWeights: null,
    encode: (reads, field) =>
      reads.map((read): Example => {
        const record = recordOf(read);
        const { ids: source } = encoded(reading, record.source);
        const { ids: written, unknown } = encoded(writing, record.target);
        if (source.length === 0) invalidLine(field, read.line, 'the source has no known tokens');
        if (unknown > 0)
          invalidLine(field, read.line, 'the target holds a token that the vocabulary does not');
        return {
          steps: written.length + 1,
          input: Int32Array.from([start, ...written]),
          source,
          classes: Int32Array.from([...written, end]),
          values: null,
          line: read.line,
        };
      }),
  };
}

const encoded = (
  vocabulary: Vocabulary,
  text: string | readonly string[],
): { readonly ids: Int32Array; readonly unknown: number } =>
  typeof text === 'string' ? vocabulary.encode(text) : vocabulary.encodeTokens(text);

/** A JSONL record, or a CSV row with the columns source and target. */
function recordOf({ record, row }: ReadRecord): DecodeRecord {
  if (record) return record as DecodeRecord;
  const { source, target } = row ?? {};
  if (source === undefined || target === undefined)
    throw new UnrollError('invalid_dataset', 'data: a CSV to decode has the columns source and target', {
      field: 'data',
    });
  return { source, target };
}
