// The float32 tensors of a network by name. Row-major, shapes as PyTorch has them.

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
export type Weights = ReadonlyMap<string, Tensor>;
