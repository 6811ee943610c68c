/** A text, or a numeric sequence, or a list of either, or sequences of ids; see `readInputs` in read-input.ts. */
export type TaskInput =
  | string
  | readonly (string | number | readonly (string | number | readonly number[])[])[]
  | TokenIds
  | NumericRows;

/** Sequences of ids of the model's vocabulary, from a caller that tokenizes its texts. */
export interface TokenIds {
  readonly ids: readonly ArrayLike<number>[];
  /** Their name in errors; `ids` by default. */
  readonly field?: string;
}

/** One numeric sequence that was not sent as JSON. */
export interface NumericRows {
  /** [steps, features] */
  readonly rows: Float32Array;
}
