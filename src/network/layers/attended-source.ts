/**
 * The source that a row of the decoder attends to: addresses of its rows, and of the keys of every attention
 * node.
 */
export interface AttendedSource {
  readonly steps: number;
  readonly memory: number;
  /** By node. */
  readonly keys: ReadonlyMap<number, number>;
}
