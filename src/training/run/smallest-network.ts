import { UnrollError } from '../../errors.ts';
import { resolveNetwork, type ResolvedNetwork } from '../../network/encoder-decoder.ts';
import type { NetworkInput } from '../../network/input.ts';
import { networkSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';

type Network = NonNullable<TrainingSpec['network']>;
type Layer = Network['layers'][number];

/**
 * The smallest network that a job can train: a vocabulary or number of outputs that comes from the data is
 * taken as 1.
 * @returns null for a job with a base model, and for a network that is invalid with these sizes
 */
export function smallestNetwork(spec: TrainingSpec): ResolvedNetwork | null {
  if (!spec.network) return null;
  try {
    return sizedNetwork({ ...spec, network: spec.network }, 1);
  } catch (error) {
    if (error instanceof UnrollError) return null;
    throw error;
  }
}

/**
 * The network of a job, where a vocabulary or number of outputs that comes from the data is taken as `size`.
 * @throws UnrollError invalid_model with the field
 */
export function sizedNetwork(
  { network, inputs, outputs }: Pick<TrainingSpec, 'inputs' | 'outputs'> & { readonly network: Network },
  size: number,
): ResolvedNetwork {
  const countTokens = (text: typeof inputs | typeof outputs.vocabulary): number =>
    text && 'tokens' in text ? (text.tokens?.length ?? size) : size;
  const features = inputs?.kind === 'numeric' ? (inputs.features?.length ?? size) : size;
  const sizes = { vocabulary: countTokens(inputs), features };
  const ownVocabulary = network.encoder ? countTokens(outputs.vocabulary) : sizes.vocabulary;
  const parsed = networkSpec.safeParse({
    ...network,
    layers: fillSizes(network.layers, ownVocabulary, outputs.labels?.length ?? size),
    ...(network.encoder && {
      encoder: { layers: fillSizes(network.encoder.layers, sizes.vocabulary, size) },
    }),
  });
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const field = ['network', ...path].join('.');
    throw new UnrollError('invalid_model', `${field}: ${message}`, { field });
  }
  return resolveNetwork(
    parsed.data,
    getInput(parsed.data.layers, features),
    parsed.data.encoder ? getInput(parsed.data.encoder.layers, features) : null,
  );
}

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
