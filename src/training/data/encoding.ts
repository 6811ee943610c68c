import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';

/** How records become examples: what was learned from the training records, and holds for all. */
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
export function invalidLine(field: string, line: number, what: string): never {
  throw new UnrollError('invalid_dataset', `${field}: line ${line}: ${what}`, { field });
}
