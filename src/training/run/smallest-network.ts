import { UnrollError } from '../../errors.ts';
import { resolveNetwork, type ResolvedNetwork } from '../../network/encoder-decoder.ts';
import type { NetworkInput } from '../../network/input.ts';
import { networkSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';

type Layer = NonNullable<TrainingSpec['network']>['layers'][number];

/**
 * The smallest network that a job can train: where its vocabulary or the number of its outputs come from the data, they are 1.
 * @returns null where that cannot be known before the data is read, or the network is wrong, which is found with the data
 */
export function smallestNetwork({ network, inputs, outputs }: TrainingSpec): ResolvedNetwork | null {
  if (!network) return null;
  const sizes = { vocabulary: tokensIn(inputs), features: featuresIn(inputs) };
  const target = tokensIn(outputs.vocabulary);
  const own = network.encoder ? { ...sizes, vocabulary: target } : sizes;
  const parsed = networkSpec.safeParse({
    ...network,
    layers: fill(network.layers, own.vocabulary, outputs.labels?.length ?? 1),
    ...(network.encoder && { encoder: { layers: fill(network.encoder.layers, sizes.vocabulary, 1) } }),
  });
  if (!parsed.success) return null;
  try {
    return resolveNetwork(
      parsed.data,
      inputOf(parsed.data.layers, own.features),
      parsed.data.encoder ? inputOf(parsed.data.encoder.layers, sizes.features) : null,
    );
  } catch (error) {
    if (error instanceof UnrollError) return null;
    throw error;
  }
}

const tokensIn = (text: TrainingSpec['inputs'] | TrainingSpec['outputs']['vocabulary']): number =>
  text && 'tokens' in text ? (text.tokens?.length ?? 1) : 1;
const featuresIn = (inputs: TrainingSpec['inputs']): number =>
  inputs?.kind === 'numeric' ? (inputs.features?.length ?? 1) : 1;

const fill = (layers: readonly Layer[], vocabulary: number, outputs: number): Layer[] =>
  layers.map((layer) => ({
    ...(layer.type === 'dense' && { units: outputs }),
    ...(layer.type === 'embedding' && { vocabulary }),
    ...layer,
  }));

/** Ids as large as any table, in as many columns as there may be; or features. */
function inputOf(layers: readonly { type: string; vocabulary?: number }[], width: number): NetworkInput {
  const tables = layers.filter(({ type }) => type === 'embedding');
  if (tables.length === 0) return { kind: 'features', width };
  const vocabulary = Math.max(...tables.map((table) => table.vocabulary ?? 1));
  return { kind: 'ids', vocabulary, columns: Array<number>(64).fill(vocabulary) };
}
