import { UnrollError } from '../../errors.ts';
import { resolveNetwork, type ResolvedNetwork } from '../../network/encoder-decoder.ts';
import type { NetworkInput } from '../../network/input.ts';
import { networkSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';

type Layer = NonNullable<TrainingSpec['network']>['layers'][number];

/**
 * The smallest network that a job can train: a vocabulary or number of outputs that comes from the data is
 * taken as 1.
 * @returns null for a job with a base model, and for an invalid network, which is reported once the data is
 * read
 */
export function smallestNetwork({ network, inputs, outputs }: TrainingSpec): ResolvedNetwork | null {
  if (!network) return null;
  const sizes = { vocabulary: countTokens(inputs), features: countFeatures(inputs) };
  const target = countTokens(outputs.vocabulary);
  const ownSizes = network.encoder ? { ...sizes, vocabulary: target } : sizes;
  const parsed = networkSpec.safeParse({
    ...network,
    layers: fillSizes(network.layers, ownSizes.vocabulary, outputs.labels?.length ?? 1),
    ...(network.encoder && { encoder: { layers: fillSizes(network.encoder.layers, sizes.vocabulary, 1) } }),
  });
  if (!parsed.success) return null;
  try {
    return resolveNetwork(
      parsed.data,
      getInput(parsed.data.layers, ownSizes.features),
      parsed.data.encoder ? getInput(parsed.data.encoder.layers, sizes.features) : null,
    );
  } catch (error) {
    if (error instanceof UnrollError) return null;
    throw error;
  }
}

const countTokens = (text: TrainingSpec['inputs'] | TrainingSpec['outputs']['vocabulary']): number =>
  text && 'tokens' in text ? (text.tokens?.length ?? 1) : 1;
const countFeatures = (inputs: TrainingSpec['inputs']): number =>
  inputs?.kind === 'numeric' ? (inputs.features?.length ?? 1) : 1;

const fillSizes = (layers: readonly Layer[], vocabulary: number, outputs: number): Layer[] =>
  layers.map((layer) => ({
    ...(layer.type === 'dense' && { units: outputs }),
    ...(layer.type === 'embedding' && { vocabulary }),
    ...layer,
  }));

/**
 * The input of layers: ids of the largest embedding's vocabulary in the most columns possible, or features.
 */
function getInput(layers: readonly { type: string; vocabulary?: number }[], width: number): NetworkInput {
  const tables = layers.filter(({ type }) => type === 'embedding');
  if (tables.length === 0) return { kind: 'features', width };
  const vocabulary = Math.max(...tables.map((table) => table.vocabulary ?? 1));
  return { kind: 'ids', vocabulary, columns: Array<number>(64).fill(vocabulary) };
}
