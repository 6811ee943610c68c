import { z } from 'zod';
import { padded } from '../../../kernel/layout.ts';
import { emitGatherColumns } from '../../../kernel/emit/rows.ts';
import { uniform } from '../../initial-values.ts';
import { placed, units } from '../fields.ts';
import type { LayerKind, LayerNode } from '../layer-kind.ts';
import type { CompiledEmbedding } from './run.ts';

// y = [table[id₀], table[id₁], …] for the ids of a step that it reads. Tensor: weight [vocabulary, units].

const schema = z.strictObject({
  type: z.literal('embedding'),
  ...placed,
  vocabulary: z.int().min(1).max(1_000_000),
  units,
  /** If a step has several ids: those to look up in the table, concatenated. */
  columns: z.strictObject({ first: z.int().min(0).max(63), count: z.int().min(1).max(64) }).optional(),
});
export type EmbeddingSpec = z.infer<typeof schema>;
export type EmbeddingNode = LayerNode<EmbeddingSpec, { readonly weight: string }>;

const getColumns = ({ columns = { first: 0, count: 1 } }: EmbeddingSpec) => columns;

export const embedding = {
  schema,
  readsIds: () => true,
  inputEvidence: (layer) => ({ from: 'table', vocabulary: layer.vocabulary, ...getColumns(layer) }),
  describe: (layer) => `${layer.vocabulary} ids`,

  resolve(layer, { name, inputs, inputWidths, ids, fail }): EmbeddingNode {
    const { vocabulary } = layer;
    const { first, count } = getColumns(layer);
    if (ids === null) return fail('an embedding must read the network input, and that must be ids');
    if (first + count > ids.length)
      fail(`reads ids ${first} to ${first + count - 1} of a step, which has ${ids.length}`);
    for (const other of ids.slice(first, first + count))
      if (other !== vocabulary) fail(`has a vocabulary of ${vocabulary}, the ids it reads are of ${other}`);
    const weight = `${name}.weight`;
    const shapes = [[weight, [vocabulary, layer.units]]] as const;
    const width = layer.units * count;
    return { name, inputs, inputWidths, type: 'embedding', width, layer, tensors: { weight }, shapes };
  },

  compile({ layer, tensors }, { e, place, tensor }): CompiledEmbedding {
    const { vocabulary, units } = layer;
    const { first, count } = getColumns(layer);
    const rows = tensor(tensors.weight);
    return {
      kind: 'embedding',
      vocabulary,
      first,
      count,
      gather: emitGatherColumns(e, { units, count }),
      table: place(vocabulary * padded(units), (table) => {
        for (let id = 0; id < vocabulary; id++)
          table.set(rows.subarray(id * units, (id + 1) * units), id * padded(units));
      }),
    };
  },

  reference({ layer, tensors }, { tensor, ids }) {
    const { units } = layer;
    const { first, count } = getColumns(layer);
    const table = tensor(tensors.weight);
    const columns = Array.from({ length: count }, (_, column) => ids(first + column));
    return columns[0]!.map((_, t) =>
      Float64Array.from(
        columns.flatMap((own) => [...table.subarray(own[t]! * units, (own[t]! + 1) * units)]),
      ),
    );
  },

  initialise: (_, [, [rows = 0, columns = 0]], random, { embeddingScale }) =>
    uniform(rows * columns, embeddingScale, random),
} satisfies LayerKind<EmbeddingSpec, EmbeddingNode, CompiledEmbedding>;
