import { UnrollError } from '../errors.ts';
import { graphInputWidth } from '../operators/graph-input-width.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

/** What a step of the network's input is: one id, or a row of features. */
export type NetworkInput =
  | {
      readonly kind: 'ids';
      /** Ids that a step's first one may be. */
      readonly vocabulary: number;
      /** Where a step has several ids: the vocabulary of each, the first included. */
      readonly columns?: readonly number[];
    }
  | { readonly kind: 'features'; readonly width: number };

/** The vocabulary of every id of a step. */
export const idColumns = ({
  vocabulary,
  columns,
}: Extract<NetworkInput, { kind: 'ids' }>): readonly number[] => columns ?? [vocabulary];

/** Tells it from the layers that read the input: an embedding takes ids, a weight matrix says how many columns it has. */
export function networkInput(spec: Pick<NetworkSpec, 'layers'>, weights: Weights, prefix = ''): NetworkInput {
  const readers = spec.layers
    .map((layer, index) => ({ layer, name: layer.name ?? `${layer.type}_${index}`, first: index === 0 }))
    .filter(({ layer, first }) => layer.inputs?.includes('input') ?? first);
  const program = readers.map(({ layer }) => layer).find((layer) => layer.type === 'program');
  if (program)
    return program.input.vocabulary === undefined
      ? { kind: 'features', width: graphInputWidth(program) }
      : { kind: 'ids', vocabulary: program.input.vocabulary };
  const embeddings = readers.map(({ layer }) => layer).filter((layer) => layer.type === 'embedding');
  if (embeddings.length > 0) return { kind: 'ids', ...columnsRead(embeddings) };
  for (const { layer, name } of readers) {
    const tensor = `${prefix}${name}${layer.type === 'recurrent' ? '.0.forward.weight_ih' : '.weight'}`;
    const shape = weights.get(tensor)?.shape;
    const dimensions = { recurrent: 2, dense: 2, conv1d: 3 }[layer.type as string];
    if (dimensions !== undefined && shape?.length === dimensions)
      return { kind: 'features', width: shape[1]! };
  }
  const names = readers.map(({ name }) => name).join(', ') || 'none';
  throw new UnrollError(
    'invalid_model',
    `nothing tells what the network's input is: an embedding, recurrent, dense or conv1d layer must read it (readers: ${names})`,
  );
}

type Embedding = Extract<NetworkSpec['layers'][number], { type: 'embedding' }>;

/** A column that nobody reads has a vocabulary of 1. */
function columnsRead(embeddings: readonly Embedding[]): { vocabulary: number; columns?: number[] } {
  const columns: number[] = [];
  for (const { vocabulary, columns: { first, count } = { first: 0, count: 1 } } of embeddings)
    for (let column = first; column < first + count; column++) columns[column] ??= vocabulary;
  const all = Array.from(columns, (vocabulary) => vocabulary ?? 1);
  return all.length === 1 ? { vocabulary: all[0]! } : { vocabulary: all[0]!, columns: all };
}
