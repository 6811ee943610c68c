// The functions that both sides of a comparison implement.

/** x [T, B, inputs] → y [T, B, units], each call from a zero state. */
export type RunSequence = (x: Float32Array) => Promise<Float32Array> | Float32Array;

/** ids [B] → logits [B, vocabulary] of the next token; the state is kept from call to call. */
export type RunStep = (ids: Int32Array) => Promise<Float32Array> | Float32Array;

export interface SequenceShape {
  readonly steps: number;
  readonly batch: number;
  readonly units: number;
}

export interface StepShape {
  readonly batch: number;
  readonly units: number;
  readonly vocabulary: number;
}
