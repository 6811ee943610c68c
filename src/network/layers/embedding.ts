import { emitGather } from '../../kernel/emit/rows.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import type { LayerSpec } from '../spec.ts';
import type { CompileContext, RunContext } from './layer.ts';

export interface EmbeddingProgram {
  readonly kind: 'embedding';
  readonly gather: string;
  readonly table: number;
  readonly vocabulary: number;
}

export function compileEmbedding(
  layer: Extract<LayerSpec, { type: 'embedding' }>,
  tensors: { weight: string },
  context: CompileContext,
): EmbeddingProgram {
  const { vocabulary, units } = layer;
  const rows = context.tensor(tensors.weight);
  return {
    kind: 'embedding',
    vocabulary,
    gather: emitGather(context.e, units),
    table: context.place(vocabulary * padded(units), (table) => {
      for (let id = 0; id < vocabulary; id++)
        table.set(rows.subarray(id * units, (id + 1) * units), id * padded(units));
    }),
  };
}

/** y [rows, padded(units)] ← table[ids[rows]] */
export function runEmbedding(
  embedding: EmbeddingProgram,
  { functions }: RunContext,
  at: { ids: number; y: number; rows: number },
): void {
  functions[embedding.gather]!(embedding.table, at.ids, at.y, at.rows);
}
