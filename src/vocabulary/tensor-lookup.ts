import type { TextInput } from '../network/spec.ts';

/** An input of an imported file that has texts, or integers, where its graph reads their ids in a vocabulary. */
export interface TensorLookup<Text = TextInput> {
  /** The file's and the graph's name of the input. */
  readonly name: string;
  /** What the file reads. */
  readonly datatype: 'BYTES' | 'INT32' | 'INT64';
  /** In the file, with the batch; null for a size that is not fixed. */
  readonly shape: readonly (number | null)[];
  /** Whether an element is a text of many ids, so that ids [batch, steps] are read; else it has one id. */
  readonly splits: boolean;
  readonly text: Text;
}
