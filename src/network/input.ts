import { UnrollError } from '../errors.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

/** What a step of the network's input is: one id, or a row of features. */
export type NetworkInput =
  | { readonly kind: 'ids'; readonly vocabulary: number }
  | { readonly kind: 'features'; readonly width: number };

/** Tells it from the layers that read the input: an embedding takes ids, a weight matrix says how many columns it has. */
export function networkInput(spec: NetworkSpec, weights: Weights): NetworkInput {
  const readers = spec.layers
    .map((layer, index) => ({ layer, name: layer.name ?? `${layer.type}_${index}`, first: index === 0 }))
    .filter(({ layer, first }) => layer.inputs?.includes('input') ?? first);
  for (const { layer, name } of readers) {
    if (layer.type === 'embedding') return { kind: 'ids', vocabulary: layer.vocabulary };
    const tensor = layer.type === 'recurrent' ? `${name}.0.forward.weight_ih` : `${name}.weight`;
    const shape = weights.get(tensor)?.shape;
    if ((layer.type === 'recurrent' || layer.type === 'dense') && shape?.length === 2)
      return { kind: 'features', width: shape[1]! };
  }
  const names = readers.map(({ name }) => name).join(', ') || 'none';
  throw new UnrollError(
    'invalid_model',
    `nothing tells what the network's input is: an embedding, recurrent or dense layer must read it (readers: ${names})`,
  );
}
