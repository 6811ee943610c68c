import { UnrollError } from '../../errors.ts';
import { graphToNetwork } from '../graph-to-network.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { graphSettings, type GraphSettings } from '../onnx/graph-settings.ts';
import { withVerdict, type ViewVerdicts } from '../view-verdicts.ts';
import { convertModel, type ConvertedModel } from './convert-model.ts';
import { asConfig } from './keras-config.ts';
import type { KerasModel } from './keras-model.ts';
import { kerasToSignedGraph } from './keras-to-signed-graph.ts';
import { listKerasAttempts } from './list-attempts.ts';
import { listLayers } from './topology.ts';

/** Verdicts of a model's graph with its masks and without them. */
interface KeptVerdicts {
  readonly verdicts: ViewVerdicts;
  readonly key: (masks: boolean) => string;
}

/**
 * Converts a model's graph as `graphToNetwork` does. Keras says which axis is that of the steps.
 * @throws UnrollError invalid_model with every layer that cannot be converted, and why
 */
export function kerasToNetwork(
  model: KerasModel,
  converted: ConvertedModel = convertModel(model),
  settings: GraphSettings = graphSettings.parse({}),
  kept: KeptVerdicts = { verdicts: new Map(), key: String },
): ImportedNetwork {
  const lookup = converted.lookups.get(converted.inputs[0]!.input.name);
  const stateful = listLayers(model.topology).some(
    ({ config }) =>
      config['stateful'] === true || asConfig(asConfig(config['layer'])['config'])['stateful'] === true,
  );
  return {
    ...(toMasklessNetwork(model, converted, settings, kept) ??
      convert(model, converted, settings, kept, true)),
    ...(stateful && { stateful }),
    ...(lookup && { text: lookup.text }),
  };
}

/** @param masks whether the graph has its masks; without them, only layers will do */
function convert(
  { version }: KerasModel,
  converted: ConvertedModel,
  settings: GraphSettings,
  { verdicts, key }: KeptVerdicts,
  masks: boolean,
): ImportedNetwork {
  const graph = kerasToSignedGraph(converted);
  return withVerdict(verdicts, key(masks), (known) =>
    graphToNetwork(graph, {
      notes: [`written by Keras ${version}`, ...converted.graph.notes],
      settings,
      known,
      // a value is called after its layer, its operator and a number
      nameLayer: (value) => value.replace(/\.\w+\.\d+$/, ''),
      attempts: function* () {
        for (const attempt of listKerasAttempts(graph, converted, settings))
          if (masks || attempt.conversion === 'layers') yield attempt;
      },
    }),
  );
}

/** Converts a model whose masked steps may be left out, which its layers then never see. @returns null for others */
function toMasklessNetwork(
  model: KerasModel,
  converted: ConvertedModel,
  settings: GraphSettings,
  kept: KeptVerdicts,
): ImportedNetwork | null {
  const { graph, padding, outputs } = converted;
  if (!graph.usesMasks() || padding === null || outputs.length > 1 || outputs[0]?.shape.length !== 1)
    return null;
  try {
    const network = convert(model, convertModel(model, { masks: false }), settings, kept, false);
    return {
      ...network,
      padding,
      // the graph has an answer where every step is masked, too
      givesTensors: false,
      notes: [...network.notes, `steps of ${padding} are masked: they are left out`],
    };
  } catch (error) {
    if (error instanceof UnrollError) return null;
    throw error;
  }
}
