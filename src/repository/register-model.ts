import type { Engine } from '../engine/engine-interface.ts';
import { openVocabulary } from '../vocabulary/vocabulary.ts';
import type { LoadedModel, LoadedSequence } from './loader-messages.ts';
import type { AnyModel, ModelIdentity } from './repository-interface.ts';

/**
 * Announces a loaded model to the workers. The engine owns its memory from here on, also when this fails.
 * @throws UnrollError invalid_model when a worker cannot load it; shutting_down
 */
export async function registerModel(
  engine: Pick<Engine, 'register' | 'registerGraph' | 'unload'>,
  { sequence, graph: placement, signature, lookups: packed, notes }: LoadedModel,
  identity: ModelIdentity,
): Promise<AnyModel> {
  const meter = identity.statistics;
  const [registered, registeredGraph] = await Promise.allSettled([
    typeof sequence === 'string' ? null : registerSequence(engine, sequence, identity),
    placement && engine.registerGraph(placement, { meter }),
  ]);
  const lookups = packed.map(({ text, ...lookup }) => ({
    ...lookup,
    text: openVocabulary(text.settings, text.packed),
  }));
  const failed = [registered, registeredGraph].find(({ status }) => status === 'rejected');
  if (registered.status === 'fulfilled' && registeredGraph.status === 'fulfilled') {
    const { value: graph } = registeredGraph;
    if (registered.value) return { ...identity, ...registered.value, graph, signature, lookups, notes };
    const reason = sequence as string;
    return { ...identity, spec: null, network: null, graph: graph!, reason, lookups, notes };
  }
  if (registered.status === 'fulfilled' && registered.value) await engine.unload(registered.value.network);
  if (registeredGraph.status === 'fulfilled' && registeredGraph.value)
    await engine.unload(registeredGraph.value);
  throw (failed as PromiseRejectedResult).reason;
}

async function registerSequence(
  engine: Pick<Engine, 'register'>,
  { spec, chain, placement, weightsHash, ...packed }: LoadedSequence,
  { statistics }: ModelIdentity,
) {
  const { inputs, outputs } = spec;
  const vocabulary =
    inputs.kind === 'text' && packed.vocabulary ? openVocabulary(inputs, packed.vocabulary) : null;
  const target =
    outputs.vocabulary && packed.target ? openVocabulary(outputs.vocabulary, packed.target) : null;
  const outputVocabulary = target ?? vocabulary;
  const network = await engine.register(placement, {
    tokens: (packed.target ?? packed.vocabulary)?.tokens,
    startId: outputVocabulary?.startId,
    endId: outputVocabulary?.endId,
    meter: statistics,
  });
  return { spec, vocabulary, target, chain, network, weightsHash };
}

/** Unloads a model. Resolves when its memory is free. */
export async function unregisterModel(
  engine: Pick<Engine, 'unload'>,
  { network, graph }: AnyModel,
): Promise<void> {
  await Promise.all([network && engine.unload(network), graph && engine.unload(graph)]);
}
