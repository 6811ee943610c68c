import { UnrollError } from '../../errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { convertModel, type ConvertedModel } from './convert-model.ts';
import { asConfig } from './keras-config.ts';
import type { KerasModel } from './keras-model.ts';
import { listLayers } from './topology.ts';
import { requireSingle, requireWidth, toOperatorNetwork } from './operator-network.ts';

/**
 * Converts a model to layers of ours when each of its layers has a counterpart, else to one layer that runs its
 * operators.
 * @throws UnrollError invalid_model with every layer that cannot be converted, and why
 */
export function kerasToNetwork(
  model: KerasModel,
  converted: ConvertedModel = convertModel(model),
): ImportedNetwork {
  const lookup = converted.lookups.get(converted.inputs[0]!.input.name);
  const network = { ...toNetwork(model, converted), ...(lookup && { text: lookup.text }) };
  const stateful = listLayers(model.topology).some(
    ({ config }) =>
      config['stateful'] === true || asConfig(asConfig(config['layer'])['config'])['stateful'] === true,
  );
  return stateful ? { ...network, stateful } : network;
}

function toNetwork(model: KerasModel, converted: ConvertedModel): ImportedNetwork {
  const reason = usesMasksOtherwise(converted) ? 'it has masks' : converted.native.reasons.join('; ');
  if (reason !== '') return toOperatorNetwork(model, converted, reason);
  try {
    return toLayerNetwork(model, converted);
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    return toOperatorNetwork(model, converted, error.message);
  }
}

/** Whether leaving out the masked steps of its input would not do. */
const usesMasksOtherwise = ({ graph, padding, outputs }: ConvertedModel): boolean =>
  graph.usesMasks() && (padding === null || outputs[0]?.native?.sequence !== false);

function toLayerNetwork({ version }: KerasModel, converted: ConvertedModel): ImportedNetwork {
  const { graph, native, padding } = converted;
  const { input, output } = requireSingle(converted);
  const vocabulary = graph.vocabularies.get(input.input.name);
  const { notes, ...network } = native.toNetwork(
    vocabulary === undefined ? { kind: 'features', width: requireWidth(input) } : { kind: 'ids', vocabulary },
    output.native!,
  );
  const written = `written by Keras ${version}`;
  return graph.usesMasks() && padding !== null
    ? { ...network, padding, notes: [written, ...notes, `steps of ${padding} are masked: they are left out`] }
    : { ...network, notes: [written, ...notes] };
}
