import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import { createVocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { resolveTextInput } from './text-input.ts';

/**
 * Encodes generate: every step predicts the next token. Plain text is one long stream; each record is a
 * separate text.
 */
export function encodeGenerate(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const isStream = training[0]!.text !== null;
  const texts = isStream ? [joinLines(training)] : training.map(getText);
  const textInput = resolveTextInput(spec, base, texts, isStream ? [] : ['start', 'end']);
  // generation starts at the beginning of a line
  const lineEnd = textInput.tokens.indexOf('\n');
  const inputs = isStream && !base && lineEnd >= 0 ? { ...textInput, start: lineEnd } : textInput;
  const vocabulary = createVocabulary(inputs);
  const { startId, endId } = vocabulary;
  if (vocabulary.columns.length > 1)
    throw new UnrollError('invalid_request', 'inputs.characters: not supported for generate', {
      field: 'inputs.characters',
    });

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
        const input = vocabulary.encode(joinLines(reads)).ids;
        if (input.length < 2) invalidLine(field, reads[0]!.line, 'the text has fewer than two known tokens');
        return [{ steps: input.length, input, source: null, classes: null, values: null, line: 1 }];
      }
      return reads.map((read): Example => {
        const ids = [
          ...(startId === undefined ? [] : [startId]),
          ...vocabulary.encode(getText(read)).ids,
          ...(endId === undefined ? [] : [endId]),
        ];
        if (ids.length < 2) invalidLine(field, read.line, 'the text has no known tokens');
        const input = Int32Array.from(ids.slice(0, -1));
        return {
          steps: input.length,
          input,
          source: null,
          classes: Int32Array.from(ids.slice(1)),
          values: null,
          line: read.line,
        };
      });
    },
  };
}

const joinLines = (reads: readonly ReadRecord[]): string => reads.map(({ text }) => `${text!}\n`).join('');

function getText({ record, row, line }: ReadRecord): string {
  const text = (record as { text?: string } | null)?.text ?? row?.['text'];
  if (text === undefined) invalidLine('data', line, 'has no text');
  return text;
}
