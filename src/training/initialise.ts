import { networkTensors, type ResolvedNetwork } from '../network/encoder-decoder.ts';
import { glorotMatrix } from '../network/initial-values.ts';
import type { InitialiseOptions } from '../network/layers/layer-kind.ts';
import { findLayerKind } from '../network/layers/registry.ts';
import type { Tensor, Weights } from '../network/weights.ts';
import type { Rng } from '../random.ts';

/**
 * Weights to start from: each layer's own (its folder in network/layers), by default matrices as Glorot and Bengio 2010 have
 * them and vectors zero.
 */
export function initialWeights(
  network: ResolvedNetwork,
  random: Rng,
  { embeddingScale = 0.1, initialisation = 'glorot' }: Partial<InitialiseOptions> = {},
): Weights {
  const weights = new Map<string, Tensor>();
  const nodes = [...(network.encoder?.graph.nodes ?? []), ...network.graph.nodes];
  const byName = new Map(nodes.map((node) => [`layer ${node.name}`, node]));
  for (const [owner, tensors] of networkTensors(network))
    for (const tensor of tensors) {
      const [name, shape] = tensor;
      const node = byName.get(owner);
      const own =
        node &&
        findLayerKind(node.type).initialise?.(node, tensor, random, { embeddingScale, initialisation });
      const values = own ?? (shape.length === 1 ? new Float32Array(shape[0]!) : glorotMatrix(shape, random));
      weights.set(name, { shape, values });
    }
  return weights;
}
