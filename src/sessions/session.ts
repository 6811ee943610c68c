// A session is the state of one sequence, kept between calls. Plain data: a store keeps it in memory, on disk or
// in another process.

/** A place in a sequence. */
export interface Point {
  /** Steps that were fed. One less than nothing where a start token is pending. */
  readonly steps: number;
  /** The token to feed first: the one generated last, or a start token; null if there is none. */
  readonly pendingId: number | null;
  /** [stateFloats]; null for the network's initial state. */
  readonly state: Float32Array | null;
}

/** A point that has a name. */
export interface Mark extends Point {
  readonly name: string;
}

/** Steps that were fed one after the other, and the point before the first. */
export interface Stretch {
  readonly from: Point;
  /** Ids [steps, idColumns], or features [steps, inputWidth]. */
  readonly input: Int32Array | Float32Array;
  readonly steps: number;
}

/** Who makes a call, and whether they may use the sessions of others. */
export interface SessionOwner {
  readonly name: string | null;
  readonly all: boolean;
}

export interface Session extends Point {
  readonly id: string;
  /** The name of the API key that made it; null where it was made without one. */
  readonly owner: string | null;
  readonly model: string;
  readonly version: number;
  readonly weightsHash: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds without a call after which it expires. */
  readonly ttlMs: number;
  /** Whether each call is on disk before it is answered. */
  readonly durable: boolean;
  /** How many of the last steps it can be rewound by. */
  readonly keepSteps: number;
  readonly marks: readonly Mark[];
  /** The last steps, oldest first. */
  readonly history: readonly Stretch[];
}

/** The step that a caller sees: how many steps or tokens the sequence has, the pending one counted. */
export const positionOf = ({ steps, pendingId }: Omit<Point, 'state'>): number =>
  steps + (pendingId === null ? 0 : 1);
