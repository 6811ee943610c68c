import { resolveNetwork, type ResolvedNetwork } from '../network/encoder-decoder.ts';
import type { ModelSpec } from '../network/spec.ts';
import { idsOf } from '../vocabulary/ids-of.ts';

/**
 * Resolves the network of a model.json for the inputs that its vocabularies and features describe.
 * @throws UnrollError invalid_model
 */
export function resolveModelNetwork({ inputs, outputs, network }: ModelSpec): ResolvedNetwork {
  const own =
    inputs.kind === 'text' ? idsOf(inputs) : { kind: 'features' as const, width: inputs.features.length };
  return network.encoder && outputs.vocabulary
    ? resolveNetwork(network, idsOf(outputs.vocabulary), own)
    : resolveNetwork(network, own, null);
}
