import { emitGatherColumns } from '../../kernel/emit/rows.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import type { LayerSpec } from '../spec.ts';
import type { CompileContext, RunContext } from './layer.ts';

export interface EmbeddingProgram {
  readonly kind: 'embedding';
  readonly gather: string;
  readonly table: number;
  readonly vocabulary: number;
  /** The ids of a step that it looks up. */
  readonly first: number;
  readonly count: number;
}

export function compileEmbedding(
  layer: Extract<LayerSpec, { type: 'embedding' }>,
  tensors: { weight: string },
  context: CompileContext,
): EmbeddingProgram {
  const { vocabulary, units, columns: { first, count } = { first: 0, count: 1 } } = layer;
  const rows = context.tensor(tensors.weight);
  return {
    kind: 'embedding',
    vocabulary,
    first,
    count,
    gather: emitGatherColumns(context.e, { units, count }),
    table: context.place(vocabulary * padded(units), (table) => {
      for (let id = 0; id < vocabulary; id++)
        table.set(rows.subarray(id * units, (id + 1) * units), id * padded(units));
    }),
  };
}

/** y [rows, padded(units·count)] ← table[ids], side by side. Ids stand column after column, columnBytes apart. */
export function runEmbedding(
  embedding: EmbeddingProgram,
  { functions }: RunContext,
  at: { ids: number; columnBytes: number; y: number; rows: number },
): void {
  const ids = at.ids + embedding.first * at.columnBytes;
  functions[embedding.gather]!(embedding.table, ids, at.columnBytes, at.y, at.rows);
}
