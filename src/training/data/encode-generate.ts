import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import { createVocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { resolveTextInput } from './text-input.ts';

/** One-to-many by tokens: every step should answer the next. A plain text is one long stream, records are texts by themselves. */
export function encodeGenerate(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const isStream = training[0]!.text !== null;
  const texts = isStream ? [streamOf(training)] : training.map(textOf);
  const built = resolveTextInput(spec, base, texts, isStream ? [] : ['start', 'end']);
  // a stream begins as its lines do
  const lineEnd = built.tokens.indexOf('\n');
  const inputs = isStream && !base && lineEnd >= 0 ? { ...built, start: lineEnd } : built;
  const vocabulary = createVocabulary(inputs);
  const { startId, endId } = vocabulary;
  if (vocabulary.columns.length > 1)
    throw new UnrollError(
      'invalid_request',
      'inputs.characters: a generator writes words, not their characters',
      {
        field: 'inputs.characters',
      },
    );

  return {
    kind: isStream ? 'stream' : 'sequences',
    inputs,
    outputs: inputs.tokens.length,
    modelOutputs: {},
    inputColumns: 1,
    sourceColumns: 0,
    classWeights: null,
    encode(reads, field) {
      if (isStream) {
        const input = vocabulary.encode(streamOf(reads)).ids;
        if (input.length < 2) invalidLine(field, reads[0]!.line, 'the text has fewer than two known tokens');
        return [{ steps: input.length, input, source: null, classes: null, values: null, line: 1 }];
      }
      return reads.map((read): Example => {
        const { ids } = vocabulary.encode(textOf(read));
        const whole = [
          ...(startId === undefined ? [] : [startId]),
          ...ids,
          ...(endId === undefined ? [] : [endId]),
        ];
        if (whole.length < 2) invalidLine(field, read.line, 'the text has no known tokens');
        const input = Int32Array.from(whole.slice(0, -1));
        return {
          steps: input.length,
          input,
          source: null,
          classes: Int32Array.from(whole.slice(1)),
          values: null,
          line: read.line,
        };
      });
    },
  };
}

const streamOf = (reads: readonly ReadRecord[]): string => reads.map(({ text }) => `${text!}\n`).join('');

function textOf({ record, row, line }: ReadRecord): string {
  const text = (record as { text?: string } | null)?.text ?? row?.['text'];
  if (text === undefined) invalidLine('data', line, 'has no text');
  return text;
}
