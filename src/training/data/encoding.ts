import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';

/** Converts records to examples, with the vocabulary, labels and scales of the training records. */
export interface Encoding {
  readonly kind: 'sequences' | 'stream';
  readonly inputs: ModelSpec['inputs'];
  readonly outputs: number;
  readonly modelOutputs: Partial<ModelSpec['outputs']>;
  readonly inputColumns: number;
  readonly sourceColumns: number;
  readonly classWeights: Float32Array | null;
  /** @throws UnrollError invalid_dataset, naming the line */
  encode(records: readonly ReadRecord[], field: 'data' | 'validation'): Example[];
}

/** @throws UnrollError invalid_dataset */
export function invalidLine(field: string, line: number, problem: string): never {
  throw new UnrollError('invalid_dataset', `${field}: line ${line}: ${problem}`, { field });
}
