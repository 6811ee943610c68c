/** What one row of the decoder looks back at: addresses of its source's rows, and of the keys of every attention node. */
export interface AttendedSource {
  readonly steps: number;
  readonly memory: number;
  /** By node. */
  readonly keys: ReadonlyMap<number, number>;
}
