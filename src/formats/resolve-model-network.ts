import { resolveNetwork, type ResolvedNetwork } from '../network/encoder-decoder.ts';
import type { ModelSpec } from '../network/spec.ts';
import { toIdsInput } from '../vocabulary/ids-input.ts';

/**
 * Resolves the network of a model.json for the inputs that its vocabularies and features describe.
 * @throws UnrollError invalid_model
 */
export function resolveModelNetwork({ inputs, outputs, network }: ModelSpec): ResolvedNetwork {
  const own =
    inputs.kind === 'text'
      ? toIdsInput(inputs)
      : { kind: 'features' as const, width: inputs.features.length };
  return network.encoder && outputs.vocabulary
    ? resolveNetwork(network, toIdsInput(outputs.vocabulary), own)
    : resolveNetwork(network, own, null);
}
