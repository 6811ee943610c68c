import { UnrollError } from '../../errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { graphSettings, type GraphSettings } from './graph-settings.ts';
import { onnxToLayers } from './onnx-to-layers.ts';
import { onnxToOperators } from './onnx-to-operators.ts';
import type { OnnxModel } from './read-onnx.ts';
import { networkSpec } from '../../network/spec.ts';
import { loopToSteps } from '../operators/loop-to-steps.ts';

/**
 * Converts a graph to layers when it is a stack of layers, else to an operator graph.
 * @param settings from model.json; when given, the result is always an operator graph
 * @throws UnrollError invalid_model with what is unsupported, or what model.json must set
 */
export function onnxToNetwork(model: OnnxModel, settings?: GraphSettings): ImportedNetwork {
  if (settings) return loopAsSteps(onnxToOperators(model, settings), settings);
  try {
    return onnxToLayers(model);
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    const defaults = graphSettings.parse({});
    const network = loopAsSteps(onnxToOperators(model, defaults), defaults);
    return { ...network, notes: [...network.notes, `not converted to layers: ${error.message}`] };
  }
}

/** Converts a loop over the steps to a graph of one step with states, unless `runs` is sequence. */
function loopAsSteps(whole: ImportedNetwork, settings: GraphSettings): ImportedNetwork {
  const [layer] = whole.network.layers;
  if (layer?.type !== 'operator_graph' || layer.runs !== 'sequence' || settings.runs === 'sequence')
    return whole;
  const tensors = new Map(
    Object.keys(layer.constants).map((name) => [name, whole.weights.get(`${layer.name}.${name}`)!]),
  );
  const step = loopToSteps(layer, tensors);
  if (!step) return whole;
  const last = step.lastStepOnly ? [{ type: 'pool', mode: 'last', name: 'last' }] : [];
  return {
    ...whole,
    network: networkSpec.parse({ layers: [step.layer, ...last] }),
    weights: new Map([...step.tensors].map(([name, tensor]) => [`${layer.name}.${name}`, tensor])),
    notes: [
      ...whole.notes.filter((note) => !note.startsWith('runs as')),
      'its loop over the steps of a sequence is run step by step; its carried values are the states',
    ],
  };
}
