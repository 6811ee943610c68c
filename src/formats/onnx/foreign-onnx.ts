import { UnrollError } from '../../errors.ts';
import type { ForeignNetwork } from '../foreign-network.ts';
import { graphSettings, type GraphSettings } from './graph-settings.ts';
import { layersOfOnnx } from './network-of-onnx.ts';
import { programOfOnnx } from './program-of-onnx.ts';
import type { OnnxModel } from './read-onnx.ts';

/**
 * A graph as layers of ours where it is a stack of them, else as a program of its operators.
 * @param said what a model.json says of the graph: then it is a program
 * @throws UnrollError invalid_model with what is missing, or what has to be said
 */
export function networkOfOnnx(model: OnnxModel, said?: GraphSettings): ForeignNetwork {
  if (said) return programOfOnnx(model, said);
  try {
    return layersOfOnnx(model);
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    const network = programOfOnnx(model, graphSettings.parse({}));
    return { ...network, notes: [...network.notes, `no stack of layers, because ${error.message}`] };
  }
}
