import type { RowLayerRun } from '../layer-run.ts';

export interface CompiledLayerNorm {
  readonly kind: 'layer_norm';
  readonly norm: string;
  readonly weight: number;
  readonly bias: number;
}

/** y [rows, padded(width)] ← normalised x. */
export const run: RowLayerRun<CompiledLayerNorm> = {
  acrossSteps: false,
  run: ({ norm, weight, bias }, { functions }, { x, y, rows }) =>
    functions[norm]!(x[0]!, weight, bias, y, rows),
};
