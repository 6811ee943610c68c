import type { ImportedNetwork } from '../imported-network.ts';
import { graphToNetwork } from '../graph-to-network.ts';
import type { ViewVerdict } from '../view-verdicts.ts';
import type { GraphSettings } from './graph-settings.ts';
import type { Precision } from '../../kernel/precision.ts';
import { dequantiseRecurrent } from './dequantise-recurrent.ts';
import { onnxToSignedGraph } from './onnx-to-signed-graph.ts';
import type { OnnxModel } from './read-onnx.ts';

/**
 * Converts a file's graph to a network, as `graphToNetwork` does.
 * @param precision that model.json gives its weights
 */
export const onnxToNetwork = (
  model: OnnxModel,
  settings?: GraphSettings,
  known?: ViewVerdict | null,
  precision: Precision = 'float32',
): ImportedNetwork & { readonly verdict: ViewVerdict } => {
  const graph = onnxToSignedGraph(model);
  return graphToNetwork(precision === 'float32' ? graph : dequantiseRecurrent(graph), {
    notes: [`written by ${model.producer || 'an unknown producer'}, opset ${model.opset}`],
    settings,
    known,
  });
};
