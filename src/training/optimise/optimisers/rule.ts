import type { Parameter } from '../../../network/learning/layer.ts';

/** How one parameter changes: g is its gradient, clipped; slots are as long, and zero at first. */
export interface UpdateRule {
  readonly slots: readonly string[];
  /** @param updates this one included */
  apply(
    parameter: Parameter,
    g: Float32Array,
    slots: readonly Float32Array[],
    rate: number,
    updates: number,
  ): void;
}
