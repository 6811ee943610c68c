import type { RowLayerRun } from '../layer-run.ts';

export interface CompiledDense {
  readonly kind: 'dense';
  readonly linear: string;
  /** The same without softmax, log softmax or sigmoid, which decoding reads. */
  readonly logits: string;
  /** The softmax or log softmax of its rows. */
  readonly overRow: string | null;
  readonly weight: number;
  readonly bias: number;
  readonly scratchBytes: number;
}

/** y [rows, padded(units)] ← activation(x·Wᵀ + b). x [rows, padded(in)] */
export const run: RowLayerRun<CompiledDense> = {
  acrossSteps: false,
  scratch: ({ scratchBytes }) => ({ quantised: scratchBytes / 4 }),
  run(dense, { functions }, { x, y, rows, logits, scratch }) {
    const linear = functions[logits ? dense.logits : dense.linear]!;
    linear(x[0]!, dense.weight, dense.bias, y, rows, scratch('quantised'));
    if (dense.overRow !== null && !logits) functions[dense.overRow]!(y, rows);
  },
};
