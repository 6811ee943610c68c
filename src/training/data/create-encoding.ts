import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { encodeClassify } from './encode-classify.ts';
import { encodeDecode } from './encode-decode.ts';
import { encodeGenerate } from './encode-generate.ts';
import { encodePredict } from './encode-predict.ts';
import { encodeTag } from './encode-tag.ts';
import type { Encoding } from './encoding.ts';
import type { ReadRecord } from './read-records.ts';

/**
 * Creates the encoding of a job's task from its training records.
 * @throws UnrollError invalid_dataset, invalid_request
 */
export function createEncoding(
  spec: TrainingSpec,
  format: DataFile['format'],
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  if (format === 'text' && spec.task !== 'generate')
    throw new UnrollError(
      'invalid_dataset',
      `data: ${spec.task} needs JSONL or CSV, plain text is only for generate`,
      {
        field: 'data',
      },
    );
  switch (spec.task) {
    case 'classify':
      return encodeClassify(spec, training, base);
    case 'tag':
      return encodeTag(spec, training, base);
    case 'decode':
      return encodeDecode(spec, training, base);
    case 'generate':
      return encodeGenerate(spec, training, base);
    case 'predict':
      return encodePredict(spec, training, base);
  }
}
