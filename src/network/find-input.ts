import { UnrollError } from '../errors.ts';
import type { NetworkInput } from './input.ts';
import type { InputEvidence } from './layers/layer-kind.ts';
import { findLayerKind } from './layers/registry.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

/**
 * Finds the network's input from the layers that read it, in this order: the spec of an operator graph, the
 * vocabulary of an embedding, the number of columns of a weight matrix.
 * @throws UnrollError invalid_model where none of them determines it
 */
export function networkInput(spec: Pick<NetworkSpec, 'layers'>, weights: Weights, prefix = ''): NetworkInput {
  const readers = spec.layers
    .map((layer, index) => ({ layer, name: layer.name ?? `${layer.type}_${index}`, first: index === 0 }))
    .filter(({ layer, first }) => layer.inputs?.includes('input') ?? first)
    .map(({ layer, name }) => ({ name, evidence: findLayerKind(layer.type).inputEvidence?.(layer) }));
  const all = <F extends InputEvidence['from']>(from: F) =>
    readers.flatMap(({ name, evidence }) =>
      evidence?.from === from ? [{ name, ...(evidence as Extract<InputEvidence, { from: F }>) }] : [],
    );
  const [stated] = all('spec');
  if (stated?.input === 'ids') return { kind: 'ids', vocabulary: stated.vocabulary };
  if (stated) return { kind: 'features', width: stated.width };
  const tables = all('table');
  if (tables.length > 0) return { kind: 'ids', ...columnsRead(tables) };
  for (const { name, suffix, dimensions } of all('tensor')) {
    const shape = weights.get(`${prefix}${name}${suffix}`)?.shape;
    if (shape?.length === dimensions) return { kind: 'features', width: shape[1]! };
  }
  const names = readers.map(({ name }) => name).join(', ') || 'none';
  throw new UnrollError(
    'invalid_model',
    `the network's input is unknown: an embedding, recurrent, dense, conv1d or highway layer must read it (readers: ${names})`,
  );
}

/** A column that no layer reads has a vocabulary of 1. */
function columnsRead(tables: readonly Extract<InputEvidence, { from: 'table' }>[]): {
  vocabulary: number;
  columns?: number[];
} {
  const columns: number[] = [];
  for (const { vocabulary, first, count } of tables)
    for (let column = first; column < first + count; column++) columns[column] ??= vocabulary;
  const every = Array.from(columns, (vocabulary) => vocabulary ?? 1);
  return every.length === 1 ? { vocabulary: every[0]! } : { vocabulary: every[0]!, columns: every };
}
