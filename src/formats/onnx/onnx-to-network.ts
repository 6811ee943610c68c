import { UnrollError } from '../../errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { graphSettings, type GraphSettings } from './graph-settings.ts';
import { onnxToLayers } from './onnx-to-layers.ts';
import { onnxToOperators } from './onnx-to-operators.ts';
import type { OnnxModel } from './read-onnx.ts';
import { networkSpec } from '../../network/spec.ts';
import { loopToSteps } from '../operators/loop-to-steps.ts';

/**
 * A graph as layers of ours where it is a stack of them, else as a program of its operators.
 * @param said what a model.json says of the graph: then it is a program
 * @throws UnrollError invalid_model with what is missing, or what has to be said
 */
export function onnxToNetwork(model: OnnxModel, said?: GraphSettings): ImportedNetwork {
  if (said) return byStep(onnxToOperators(model, said), said);
  try {
    return onnxToLayers(model);
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    const plain = graphSettings.parse({});
    const network = byStep(onnxToOperators(model, plain), plain);
    return { ...network, notes: [...network.notes, `no stack of layers, because ${error.message}`] };
  }
}

/** A loop over a sequence's steps as what it is: a cell with a state, unless whole sequences are asked for. */
function byStep(whole: ImportedNetwork, said: GraphSettings): ImportedNetwork {
  const [layer] = whole.network.layers;
  if (layer?.type !== 'program' || layer.runs !== 'sequence' || said.runs === 'sequence') return whole;
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
      'its loop goes over the steps of a sequence: here it runs step by step, and what it carries is the state',
    ],
  };
}
