import type { Update } from '../optimiser.ts';
import type { Parameter } from '../../../network/learning/layer.ts';

/** How a parameter changes from its clipped gradient, each value by itself; slots are as long, and zero at first. */
export interface UpdateRule {
  readonly slots: readonly string[];
  /** Whether a value without decay stays as it is where its gradient is zero. */
  readonly skipsZero: boolean;
  /** Changes the values from `from` to `to`. */
  apply(
    parameter: Parameter,
    slots: readonly Float32Array[],
    update: Pick<Update, 'rate' | 'updates'>,
    from: number,
    to: number,
  ): void;
}
