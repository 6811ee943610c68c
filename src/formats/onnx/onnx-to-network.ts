import type { ImportedNetwork } from '../imported-network.ts';
import { graphToNetwork } from '../graph-to-network.ts';
import type { ViewVerdict } from '../view-verdicts.ts';
import type { GraphSettings } from './graph-settings.ts';
import { onnxToSignedGraph } from './onnx-to-signed-graph.ts';
import type { OnnxModel } from './read-onnx.ts';

/** Converts a file's graph to a network, as `graphToNetwork` does. */
export const onnxToNetwork = (
  model: OnnxModel,
  settings?: GraphSettings,
  known?: ViewVerdict | null,
): ImportedNetwork & { readonly verdict: ViewVerdict } =>
  graphToNetwork(onnxToSignedGraph(model), {
    notes: [`written by ${model.producer || 'an unknown producer'}, opset ${model.opset}`],
    settings,
    known,
  });
