import { convertModel } from '../../../src/formats/keras/convert-model.ts';
import type { KerasModel } from '../../../src/formats/keras/keras-model.ts';
import { kerasToSignedGraph } from '../../../src/formats/keras/keras-to-signed-graph.ts';
import { listKerasAttempts } from '../../../src/formats/keras/list-attempts.ts';
import { graphToNetwork } from '../../../src/formats/graph-to-network.ts';
import type { ImportedNetwork } from '../../../src/formats/imported-network.ts';
import { graphSettings } from '../../../src/formats/onnx/graph-settings.ts';

/** Converts a model to an operator graph, also where layers would give its numbers. */
export function toOperatorNetwork(model: KerasModel): ImportedNetwork {
  const converted = convertModel(model);
  const graph = kerasToSignedGraph(converted);
  const attempts = () =>
    [...listKerasAttempts(graph, converted, graphSettings.parse({}))].filter(
      ({ conversion }) => conversion !== 'layers',
    );
  return graphToNetwork(graph, { notes: [], attempts });
}
