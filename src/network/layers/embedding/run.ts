import type { RowLayerRun } from '../layer-run.ts';

export interface CompiledEmbedding {
  readonly kind: 'embedding';
  readonly gather: string;
  readonly table: number;
  readonly vocabulary: number;
  /** The ids of a step to look up. */
  readonly first: number;
  readonly count: number;
}

/** y [rows, padded(units·count)] ← table[ids], concatenated. */
export const run: RowLayerRun<CompiledEmbedding> = {
  acrossSteps: false,
  run({ gather, table, first }, { functions }, { x, columnBytes, y, rows }) {
    functions[gather]!(table, x[0]! + first * columnBytes, columnBytes, y, rows);
  },
};
